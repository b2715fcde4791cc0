"""SciPy's special functions, imported when first needed: that costs a third of NumPy's import."""

from __future__ import annotations

from typing import Any

import numpy as np


def erfc(x: Any) -> Any:
    """1 − erf x, of real or complex x."""
    from scipy import special

    return special.erfc(x)


def gamma(x: Any) -> Any:
    """Γ(x), of real or complex x."""
    from scipy import special

    below = x == -np.inf
    y = special.gamma(x)
    return np.where(below, np.nan, y) if below.any() else y  # SciPy 1.13 gives −Inf there


def gammaln(x: Any) -> Any:
    """log |Γ(x)|."""
    from scipy import special

    return special.gammaln(x)


def digamma(x: Any) -> Any:
    """Γ'(x) / Γ(x), of real or complex x."""
    from scipy import special

    return special.digamma(x)


def zeta(s: float, x: Any) -> Any:
    """Σₙ (x + n)⁻ˢ, the zeta function of Hurwitz."""
    from scipy import special

    return special.zeta(s, x)
