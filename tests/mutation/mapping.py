"""Which tests concern which module.

"rows:NAME" are the tests that are generated from the rows of tests/table/NAME.py, and of what
tinydl/primitives/NAME.py defines. Everything else is a file of tests.
"""

from __future__ import annotations

WALK = "test_gradient test_record test_recorded test_primitive test_definition test_dlfeval"

TESTS: dict[str, str] = {
    "autodiff/gradient": WALK,
    "autodiff/primitive": WALK,
    "autodiff/record": WALK,
    "labels/align": "test_formats test_dlarray test_functions",
    "labels/apply": "test_dlarray test_functions test_conversion",
    "labels/array": "test_dlarray test_indexing",
    "labels/assign": "test_indexing",
    "labels/classes": "test_conversion test_create test_dlarray",
    "labels/containers": "test_differentiate test_dlfeval test_dlupdate",
    "labels/devices": "test_devices test_dlarray",
    "labels/display": "test_dlarray test_conversion",
    "labels/format": "test_formats test_dlarray test_functions",
    "labels/handle": "test_dlarray test_indexing test_dlfeval",
    "labels/index": "test_indexing",
    "labels/numpy_protocol": "test_numpy_protocol test_dlarray",
    "labels/options": "test_options test_functions",
    "primitives/activation": "rows:activation",
    "primitives/attend": "rows:attend test_attention",
    "primitives/bend": "rows:bend",
    "primitives/circular": "rows:circular",
    "primitives/contract": "rows:contract",
    "primitives/convolve": "rows:convolve",
    "primitives/ctc": "rows:ctc test_ctc",
    "primitives/cumulate": "rows:cumulate",
    "primitives/decompose": "rows:decompose test_matrix",
    "primitives/dense": "rows:dense",
    "primitives/elementwise": "rows:elementwise",
    "primitives/gelu": "rows:gelu",
    "primitives/hyperbolic": "rows:hyperbolic",
    "primitives/linear_algebra": "rows:linear_algebra",
    "primitives/logarithm": "rows:logarithm",
    "primitives/normalize": "rows:normalize",
    "primitives/own_rule": "rows:own_rule",
    "primitives/own_statistics": "rows:own_statistics",
    "primitives/pool": "rows:pool",
    "primitives/product": "rows:product",
    "primitives/push": "test_laplacian_pushed",
    "primitives/push_functions": "test_laplacian_pushed",
    "primitives/push_linear": "test_laplacian_pushed",
    "primitives/recur": "rows:recur",
    "primitives/reduce": "rows:reduce",
    "primitives/shape": "rows:shape",
    "primitives/sort": "rows:sort test_sort",
    "primitives/special": "rows:special",
    "primitives/statistics": "rows:statistics",
    "primitives/steps": "rows:steps",
    "primitives/surprise": "rows:surprise",
    "primitives/window": "rows:convolve rows:pool test_window_functions",
}
"""What a changed module is tried with."""

OF_FUNCTIONS = "test_derivatives test_values test_functions"
OF_LABELS = ("test_labels test_formats test_functions test_shape_functions test_numpy_protocol "
             "test_differentiate test_options")  # fmt: skip

MORE: dict[str, str] = {
    "autodiff/gradient": "test_coupling test_differentiate test_exactness test_jacobian "
                         "rows:elementwise",
    "autodiff/primitive": "rows:own_statistics test_differentiate test_exactness rows:elementwise",
    "autodiff/record": "test_coupling test_differentiate test_copies rows:elementwise",
    "labels/apply": f"{OF_LABELS}",
    "labels/array": f"test_copies test_devices {OF_LABELS}",
    "labels/containers": "test_accelerate test_copies",
    "labels/devices": "test_devices test_threads test_gpucheck",
    "labels/display": f"test_tables test_network {OF_LABELS}",
    "primitives/activation": f"test_torch_elementwise test_torch_layers test_fusion {OF_FUNCTIONS}",
    "primitives/attend": "test_kernels_products test_torch_recurrent test_sequence_layers",
    "primitives/bend": "test_laplacian_pushed test_jacobian",
    "primitives/circular": "test_arithmetic test_torch_elementwise",
    "primitives/contract": "test_kernels_products test_matrix test_torch_matrix test_layerwise",
    "primitives/convolve": "test_convolve test_window_functions test_transposed test_torch_windows",
    "primitives/ctc": "test_torch_recurrent",
    "primitives/cumulate": "test_cumulate test_torch_reduce",
    "primitives/decompose": "rows:linear_algebra test_torch_matrix",
    "primitives/dense": "test_fusion",
    "primitives/elementwise": f"test_recorded test_arithmetic {OF_FUNCTIONS}",
    "primitives/gelu": "test_kernels_elementwise test_definition test_laplacian_pushed test_fusion",
    "primitives/hyperbolic": "test_arithmetic test_torch_elementwise",
    "primitives/linear_algebra": "test_matrix test_torch_matrix",
    "primitives/logarithm": "test_arithmetic test_torch_elementwise",
    "primitives/normalize": "test_normalization_functions test_layerwise test_statistics "
                            "test_batch_normalization_kernels test_torch_normalization",
    "primitives/own_rule": "test_custom_layers",
    "primitives/own_statistics": "rows:normalize test_kernels_products test_torch_normalization",
    "primitives/pool": "test_pool test_window_functions test_torch_windows",
    "primitives/product": "test_functions test_torch_reduce",
    "primitives/push": "test_jacobian",
    "primitives/push_functions": "test_jacobian",
    "primitives/push_linear": "test_jacobian",
    "primitives/recur": "test_recurrent test_kernels_products test_torch_recurrent",
    "primitives/reduce": f"test_torch_reduce {OF_FUNCTIONS}",
    "primitives/shape": f"rows:arrange test_shape_functions test_indexing {OF_FUNCTIONS}",
    "primitives/special": "test_arithmetic test_torch_elementwise",
    "primitives/statistics": "test_statistics_functions test_torch_reduce",
    "primitives/steps": "test_arithmetic test_torch_elementwise",
    "primitives/surprise": "test_losses",
    "primitives/window": "test_convolve test_pool test_transposed test_torch_windows",
}  # fmt: skip
"""What is added for those that survive; a module of labels without an entry gets OF_LABELS."""


def tests_of(module: str, more: bool) -> list[str]:
    """The entries for a module, those to be tried first in front."""
    further = MORE.get(module, OF_LABELS if module.startswith("labels/") else "")
    return [*TESTS[module].split(), *(further.split() if more else [])]
