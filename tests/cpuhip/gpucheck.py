"""``python -m tinydl.gpucheck`` with the stand-in, which counts and borrows NumPy's sorting."""

from __future__ import annotations

import importlib
import sys

from tests.cpuhip import standin
from tinydl import gpucheck

if __name__ == "__main__":
    standin.lend_sorting(importlib.import_module("cupy"))
    sys.exit(gpucheck.main(count=standin.counted))
