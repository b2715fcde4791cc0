"""Training: differentiation as users see it, and solvers.

``differentiate``  dlfeval and dlgradient
``jacobian``       dljacobian, dldivergence, dllaplacian, observation_jacobian
``laplacian``      the Laplacian pushed forward through the record
``coupling``       whether a computation couples observations
``parameters``     what solvers take, and what gradients and solver states look like
``flat``           parameters as one vector
``solver``         sgdmupdate, adamupdate, rmspropupdate
``lbfgs``          lbfgsupdate
``line_search``    how far to go along a direction
"""
