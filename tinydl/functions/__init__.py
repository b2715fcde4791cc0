"""MATLAB's functions of dlarrays: format in, axes, a primitive, format out.

No function has a derivative of its own. Where MATLAB's function takes plain numbers, so does ours,
and gives plain arrays back.

``describe``   dims, size, numel, underlyingType, …
``convert``    single, double, extractdata, stripdims, …
``create``     zeros, ones
``random``     rng, rand, randn, randi, randperm
``math``       exp, log, sin, …, power
``reduce``     sum, mean, max, min
``shape``      reshape, permute, cat, squeeze, repmat
``activate``   relu, gelu, sigmoid, softmax, …
``layerwise``  fullyconnect, batchnorm
``losses``     crossentropy, mse, l1loss, l2loss, huber
``device``     gpuArray, gather, canUseGPU, gpuDevice
"""
