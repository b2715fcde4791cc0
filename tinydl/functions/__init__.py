"""MATLAB's functions of dlarrays: format in, axes, a primitive, format out.

No function has a derivative of its own. Where MATLAB's function takes plain numbers, so does ours,
and gives plain arrays back.

``describe``   dims, size, numel, underlyingType, …
``convert``    single, double, extractdata, stripdims, …
``create``     zeros, ones, true, nan, eye, linspace, …
``random``     rng, rand, randn, randi, randperm
``arithmetic`` plus, times, power, mtimes, …
``math``       exp, log, log2, sqrt, nthroot, …
``trigonometry`` sin, cos, tan, sec, …, atan2, hypot
``hyperbolic`` sinh, cosh, tanh, …
``special``    erf, erfinv, gamma, psi, …
``rounding``   floor, round, mod, rem, …
``parts``      abs, sign, angle, real, imag, …
``compare``    eq, lt, …, isnan, isinf, isfinite
``logic``      xor, any, all
``equal``      isequal, isequaln
``reduce``     sum, prod, mean, max, min, bounds
``statistics`` std, var, median, mode, cov
``norm``       norm, vecnorm
``rescale``    normalize, rescale
``cumulate``   cumsum, cumprod, cummax, cummin, trapz
``matrix``     pagemtimes, dot, kron, diag, tril, …
``equations``  mldivide, mrdivide, inv, det
``decompose``  chol, lu, eig, svd, expm
``shape``      reshape, permute, cat, squeeze, repmat
``arrange``    flip, circshift, shiftdim, repelem, blkdiag, …
``sort``       sort, sortrows, topkrows, find
``group``      accumarray, discretize
``embed``      embed
``index_losses`` indexcrossentropy
``activate``   relu, gelu, sigmoid, softmax, …
``layerwise``  fullyconnect
``convolve``   dlconv
``transposed``  dltranspconv
``pool``       maxpool, avgpool
``unpool``     maxunpool
``batch_normalization``  batchnorm
``normalization``  layernorm, groupnorm, instancenorm, crosschannelnorm
``losses``     crossentropy, mse, l1loss, l2loss, huber
``image``      depthToSpace, spaceToDepth, dlresize
``similarity``  psnr, ssim, multissim
``image_losses``  generalizedDice, focalCrossEntropy
``interpolate``  interp1
``recurrent``  lstm, gru
``attention``  attention
``ode``        dlode45
``stft``       dlstft
``ctc``        ctc
``device``     gpuArray, gather, canUseGPU, gpuDevice
"""
