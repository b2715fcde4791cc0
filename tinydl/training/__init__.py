"""Training: differentiation as users see it, and solvers.

``differentiate``  dlfeval and dlgradient
"""
