"""Write functions.md: every function for which MATLAB supports dlarray, and what tinydl has of it.

``python docs/list_functions.py`` writes the page; a test holds that it is up to date and true.
"""

from __future__ import annotations

from pathlib import Path

PAGE = Path(__file__).with_name("functions.md")

# How much custom loops need a function: A nearly all of them, B many, C few.
GROUPS: dict[str, dict[str, str]] = {
    "Deep learning": {
        "A": "avgpool batchnorm crossentropy dlconv fullyconnect gelu l1loss l2loss leakyrelu "
        "maxpool mse relu sigmoid softmax",
        "B": "attention crosschannelnorm dltranspconv embed groupnorm gru huber indexcrossentropy "
        "instancenorm layernorm lstm maxunpool",
        "C": "ctc dlmtimes dlode45",
    },
    "Labels and differentiation": {
        "A": "dims dlfeval dlgradient extractdata finddim isdlarray stripdims",
        "B": "dldivergence dljacobian dllaplacian",
    },
    "Element by element": {
        "A": "abs cos exp log sign sin sqrt tanh uminus uplus",
        "B": "angle ceil conj cosh erf expm1 fix floor imag log1p real round sinh tan",
        "C": "acos acosh acot acoth acsc acsch asec asech asin asinh atan atanh cot coth csc csch "
        "erfc erfinv gamma gammaln log10 log2 nthroot psi sec sech",
    },
    "Of two arrays": {
        "A": "max min minus plus power rdivide times",
        "B": "atan2 complex hypot ldivide mod rem",
        "C": "idivide realpow",
    },
    "Along dimensions": {
        "A": "mean sum",
        "B": "bounds cumprod cumsum median mode norm normalize prod rescale std var vecnorm",
        "C": "cov cummax cummin trapz",
    },
    "Matrices": {
        "A": "mtimes pagemtimes transpose",
        "B": "ctranspose det diag dot inv kron mldivide mrdivide pagectranspose pagetranspose "
        "trace tril triu",
        "C": "chol eig expm lu svd",
    },
    "Comparison and logic": {
        "A": "all and any eq ge gt le lt ne not or",
        "B": "isequal isequaln isfinite isinf isnan xor",
    },
    "Shape and order": {
        "A": "cat colon horzcat length ndims numel permute repmat reshape size squeeze subsasgn "
        "subsref vertcat",
        "B": "circshift find flip fliplr flipud height ipermute iscolumn isempty ismatrix isrow "
        "isscalar isvector repelem shiftdim sort sortrows width",
        "C": "accumarray blkdiag discretize topkrows",
    },
    "Classes and devices": {
        "A": "cast double gather gpuArray single underlyingType",
        "B": "isUnderlyingType isfloat islogical isnumeric isreal logical onehotdecode "
        "onehotencode",
        "C": "mat2str validateattributes",
    },
    "Creation, with like=": {
        "A": "ones rand randn zeros",
        "C": "eye false inf linspace nan randi true",
    },
    "Signals": {
        "B": "fft ifft interp1",
        "C": "cwt dlstft fft2 istft modwt stft stftmag2sig",
    },
    "Images": {
        "B": "depthToSpace dlresize multissim psnr spaceToDepth ssim",
        "C": "focalCrossEntropy generalizedDice roialign",
    },
}

WRITTEN = {
    "and": "`A & B`", "or": "`A | B`", "not": "`~A`",
    "subsref": "`X[i, j]`", "subsasgn": "`X[i, j] = Y`", "colon": "`X[:, 0]`, `reshape(X, -1)`",
}  # fmt: skip
"""What has no function of its own because Python has an operator for it."""

REAL = "of real arrays, the only ones there are"
OMIT = 'NaN is passed on; `nanflag="omitnan"` leaves it out, as MATLAB does'
COUPLED = "refuses a computation in which observations depend on each other"
DIFFERENCES: dict[str, str] = {
    "accumarray": "`fun` is a name: sum (default), mean, max, min",
    "angle": REAL,
    "attention": "has second derivatives too",
    "bounds": OMIT,
    "cat": '`cat("C", X, Y)`, `cat(None, X, Y, axis=0)`',
    "conj": REAL,
    "cov": "arrays without labels",
    "crossentropy": "probabilities below the smallest normal number count as that number",
    "ctc": "has second derivatives too; `BlankIndex` is first or last",
    "cummax": OMIT + '; `direction="reverse"`',
    "cummin": OMIT + '; `direction="reverse"`',
    "cumprod": '`direction="reverse"`',
    "cumsum": '`direction="reverse"`',
    "discretize": "gives the numbers of the bins, not their values",
    "dldivergence": COUPLED,
    "dljacobian": "several outputs: `jac[i, j, n]` is ∂uᵢ/∂xⱼ of observation n; " + COUPLED,
    "dllaplacian": COUPLED,
    "dlode45": 'has higher derivatives too; `GradientMode` is "direct"',
    "dlstft": "gives real and imaginary parts, `yr, yi = dlstft(x)`",
    "eig": "symmetric matrices; others have complex eigenvalues",
    "extractdata": "not copied, and read-only; `np.array(X)` is a copy",
    "gru": "has second derivatives too",
    "imag": REAL,
    "interp1": "the methods linear, nearest, previous and next; `interp1(x, v, xq)`",
    "isreal": REAL,
    "lstm": "has second derivatives too",
    "lu": "square matrices",
    "max": OMIT,
    "min": OMIT,
    "mode": "two outputs",
    "multissim": "images in two dimensions, one output",
    "nan": "`NaN` is written `nan`",
    "inf": "`Inf` is written `inf`",
    "normalize": "one method a call",
    "nthroot": "one number N for all elements",
    "randn": "other numbers than MATLAB's, from the same generator",
    "real": REAL,
    "round": "to N digits after the point; not to significant ones",
    "sort": '`direction="descend"`',
    "sortrows": '`direction="descend"`',
    "svd": '`svd(X, "econ", nargout=3)` of rectangular matrices',
}
COMPLEX = "complex arrays are not supported: each derivative rule would need its conjugate"
MISSING = {
    "complex": COMPLEX,
    "fft": COMPLEX,
    "ifft": COMPLEX,
    "fft2": COMPLEX,
    "dlmtimes": "the former name of pagemtimes",
    "idivide": "divides integers, which a dlarray does not hold; `floor(A / B)`",
    "mat2str": "`str(X)`",
    "validateattributes": "`isfloat`, `isnumeric`, `size`, …",
    "cwt": "no wavelets in NumPy or SciPy",
    "modwt": "no wavelets in NumPy or SciPy",
    "istft": COMPLEX,
    "stft": COMPLEX,
    "stftmag2sig": "an iteration over `stft` and `istft`",
    "roialign": "a detector's pooling of boxes",
}

HEAD = """\
# MATLAB's functions of dlarrays

Every function for which MATLAB supports dlarray, and what tinydl has of it. Positions count from 0,
dimensions are named by label or by `axis=`, and several outputs are asked for by `nargout=`; the
tables repeat none of that. This page is written by `docs/list_functions.py`.

```python
from tinydl import *

X = dlarray([[1, 2, 3], [4, 5, 6]], "CB")
assert float(sum(X, "C")[0, 2]) == 9.0
```
"""


def names(text: str) -> list[str]:
    """The functions of one entry of GROUPS."""
    return text.split()


def page() -> str:
    """The whole text of functions.md."""
    listed = [name for group in GROUPS.values() for text in group.values() for name in names(text)]
    missing = [name for name in listed if name in MISSING]
    different = [name for name in listed if name in DIFFERENCES]
    parts = [
        HEAD.replace("from tinydl import *", "from tinydl import *\nfrom tinydl import sum"),
        f"Of {len(listed)} functions {len(listed) - len(missing)} are supported, "
        f"{len(different)} of them with a difference, and {len(missing)} are not.\n",
    ]
    for title, group in GROUPS.items():
        rows = [f"| {_call(name)} | {_remark(name)} |" for text in group.values()
                for name in names(text) if _remark(name)]  # fmt: skip
        same = [f"`{name}`" for text in group.values() for name in names(text) if not _remark(name)]
        parts.append(f"## {title}\n")
        parts.append("As in MATLAB: " + ", ".join(same) + ".\n" if same else "")
        if rows:
            parts.append("| MATLAB | tinydl |\n| --- | --- |\n" + "\n".join(rows) + "\n")
    return "\n".join([part for part in parts if part])


def _call(name: str) -> str:
    return f"`{name}`"


def _remark(name: str) -> str:
    """What a user has to know of a function; nothing where it is as in MATLAB."""
    if name in MISSING:
        return f"not supported: {MISSING[name]}"
    return WRITTEN.get(name) or DIFFERENCES.get(name, "")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
