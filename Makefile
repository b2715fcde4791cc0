# `make` alone lists what there is. Everything runs in .venv, which is made when first needed.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

EXAMPLES := sequence_classifier siamese gan transfer transformer digit_angles hamiltonian \
	weight_decay_clipping

# The least that tinydl works with, where there is such a Python; else PYTHON, with these libraries.
OLDEST        ?= numpy==2.0.0 scipy==1.13.0
OLDEST_PYTHON ?= $(shell python3.10 -c '' 2>/dev/null && echo python3.10 || echo $(PYTHON))
OLDEST_VENV   ?= .venv-oldest
TESTS_OF_OLDEST ?= tests

OTHERS          ?= 3.12 3.13
TESTS_OF_OTHERS ?= tests/test_documentation.py tests/test_reference_examples.py tests/test_dlarray.py \
	tests/test_store.py tests/test_custom_layers.py tests/test_laws.py

# With Numba (the extra "fast"), what it computes and what is made of that.
FAST_VENV     ?= .venv-fast
TESTS_OF_FAST ?= tests/test_compiled*.py tests/test_batch_normalization_kernels.py \
	tests/test_convolve.py tests/test_pool.py tests/test_kernels_elementwise.py tests/test_fusion.py \
	tests/test_accelerate.py tests/test_network.py tests/test_reference_examples.py

# Real CuPy on the CPU, see tests/cpuhip/README.md. Fewer passed tests than the number are a failure.
GPU_VENV  ?= .venv-gpu
GPU_TESTS ?= tests
GPU_TESTS_AT_LEAST ?= 12650

# NVIDIA's compiler of kernels, see tests/nvrtc/README.md. It takes at least so many.
NVRTC_VENV ?= .venv-nvrtc
KERNELS_AT_LEAST ?= 50

.DEFAULT_GOAL := help
.PHONY: help digits statistics physics examples test test-deep test-oldest test-others test-fast \
	test-gpu gpucheck compile-kernels coverage bench bench-against lint types clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

# One stamp for each set of extras: an environment is brought up to date when setup.cfg changes.
$(VENV)/.made-%: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	touch $@

digits: $(VENV)/.made-plots  ## train the digits network, print its accuracy, save the figure
	$(BIN)/python examples/digits_custom_training.py

statistics: $(VENV)/.made-plots  ## the batch-normalization question and its answers, with figures
	$(BIN)/python examples/batchnorm_statistics.py

physics: $(VENV)/.made-plots  ## physics-informed networks, and derivatives by inputs (a minute)
	$(BIN)/python examples/derivatives_by_inputs.py
	$(BIN)/python examples/heat_equation.py
	$(BIN)/python examples/burgers.py

examples: $(EXAMPLES:%=example-%)  ## the other examples: sequences, pairs, GAN, … (minutes; make -j2)

example-%: $(VENV)/.made-plots
	$(BIN)/python examples/$*.py

test: $(VENV)/.made-test  ## run the suite, on all cores (five minutes on two)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist worksteal

test-deep: $(VENV)/.made-test  ## run it with many more random draws
	OPENBLAS_NUM_THREADS=1 TINYDL_TEST_PROFILE=deep $(BIN)/python -m pytest -q -n auto --dist worksteal

$(OLDEST_VENV)/.made: setup.cfg pyproject.toml
	test -x $(OLDEST_VENV)/bin/python || $(OLDEST_PYTHON) -m venv $(OLDEST_VENV)
	$(OLDEST_VENV)/bin/python -m pip install --quiet $(OLDEST) --editable '.[test]'
	touch $@

test-oldest: $(OLDEST_VENV)/.made  ## the same on the oldest Python, NumPy and SciPy
	$(OLDEST_VENV)/bin/python -c 'import sys, numpy, scipy; \
		print(sys.version.split()[0], numpy.__version__, scipy.__version__)'
	OPENBLAS_NUM_THREADS=1 $(OLDEST_VENV)/bin/python -m pytest -q -n auto --dist worksteal \
		$(TESTS_OF_OLDEST)

test-others: setup.cfg pyproject.toml  ## documentation, examples and files on other Pythons, if any
	for version in $(OTHERS); do \
		python$$version -c '' 2>/dev/null || continue; \
		test -x .venv-$$version/bin/python || python$$version -m venv .venv-$$version; \
		.venv-$$version/bin/python -m pip install --quiet --editable '.[test]' && \
		.venv-$$version/bin/python -m pytest -q $(TESTS_OF_OTHERS) || exit 1; \
	done

$(FAST_VENV)/.made: setup.cfg pyproject.toml
	test -x $(FAST_VENV)/bin/python || $(PYTHON) -m venv $(FAST_VENV)
	$(FAST_VENV)/bin/python -m pip install --quiet --editable '.[test,fast]'
	touch $@

test-fast: $(FAST_VENV)/.made  ## what is computed in another way where Numba is installed
	OPENBLAS_NUM_THREADS=1 $(FAST_VENV)/bin/python -m pytest -q $(TESTS_OF_FAST)

# An environment of its own: CuPy is large, and this one is made for AMD's devices.
$(GPU_VENV)/.made: setup.cfg pyproject.toml
	test -x $(GPU_VENV)/bin/python || $(PYTHON) -m venv $(GPU_VENV)
	$(GPU_VENV)/bin/python -m pip install --quiet cupy-rocm-7-0==14.2.0 numpy scipy pytest \
		hypothesis matplotlib pandas --editable .
	touch $@

test-gpu: $(GPU_VENV)/.made  ## run what is for a GPU, by real CuPy on the CPU (some minutes)
	TINYDL_TEST_DEVICE=gpu $(GPU_VENV)/bin/python -m tests.cpuhip $(GPU_VENV)/cpuhip python -m pytest -q \
		-p tests.cpuhip.plugin --at-least=$(GPU_TESTS_AT_LEAST) $(GPU_TESTS)

gpucheck: $(GPU_VENV)/.made  ## python -m tinydl.gpucheck, by real CuPy on the CPU (a minute)
	$(GPU_VENV)/bin/python -m tests.cpuhip $(GPU_VENV)/cpuhip python -m tests.cpuhip.gpucheck --quick

# Two versions of the compiler, and the headers of CUDA and of CuPy for NVIDIA.
$(NVRTC_VENV)/.made: setup.cfg pyproject.toml
	test -x $(NVRTC_VENV)/bin/python || $(PYTHON) -m venv $(NVRTC_VENV)
	$(NVRTC_VENV)/bin/python -m pip install --quiet nvidia-cuda-nvrtc-cu12==12.9.86 \
		nvidia-cuda-runtime-cu12==12.9.79 nvidia-cuda-nvrtc==13.5.37 cupy-cuda12x==14.2.0 --editable .
	touch $@

compile-kernels: $(NVRTC_VENV)/.made  ## compile every kernel for NVIDIA's cards (a minute and a half)
	$(NVRTC_VENV)/bin/python -m tests.nvrtc.compile_kernels --at-least=$(KERNELS_AT_LEAST)

coverage: $(VENV)/.made-test  ## run it and require 95 % of lines and branches
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist worksteal \
		--cov --cov-branch --cov-report=term --cov-fail-under=95

bench: $(VENV)/.made-bench  ## measure beside PyTorch, write benchmarks/results.md (ten minutes)
	$(BIN)/python -m benchmarks.run

bench-against: $(VENV)/.made-plots  ## measure beside another commit: make bench-against REV=main
	$(BIN)/python -m benchmarks.run --against '$(REV)'

lint: $(VENV)/.made-dev  ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.made-dev  ## check types
	$(BIN)/mypy

clean:  ## remove the environment and what was built
	rm -rf $(VENV) $(OLDEST_VENV) $(FAST_VENV) $(GPU_VENV) $(NVRTC_VENV) $(OTHERS:%=.venv-%) build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache
