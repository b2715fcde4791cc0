"""Training: differentiation as users see it, and solvers.

``differentiate``  dlfeval and dlgradient
``parameters``     what gradients and solver states look like
``solver``         sgdmupdate, adamupdate, rmspropupdate
"""
