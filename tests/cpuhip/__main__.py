"""Run a command in which CuPy finds the stand-in: ``python -m tests.cpuhip FOLDER COMMAND …``.

The stand-in is built in FOLDER if it is not there. The command is a new process, because the loader
reads LD_LIBRARY_PATH when a process starts.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

from tests.cpuhip.build import build
from tests.cpuhip.standin import LIBRARY


def openblas() -> dict[str, str]:
    """NumPy's own library for products of matrices, if this NumPy brought one."""
    spec = importlib.util.find_spec("numpy")
    assert spec is not None and spec.origin is not None
    beside_numpy = Path(spec.origin).parent.with_name("numpy.libs")
    found = sorted(beside_numpy.glob("libscipy_openblas64_*.so"))
    return {"CPUHIP_BLAS": str(found[0])} if found else {}


def environment(folder: Path) -> dict[str, str]:
    """The variables by which the loader, CuPy and the stand-in find each other."""
    inherited = dict(os.environ)
    programs = [str(folder / "bin"), str(Path(sys.executable).parent), inherited.get("PATH", "")]
    libraries = [str(folder / "lib"), inherited.get("LD_LIBRARY_PATH", "")]
    return {
        **openblas(),
        "CUPY_CACHE_DIR": str(folder / "kernels"),
        "OPENBLAS_NUM_THREADS": "1",  # the same bits whatever the machine
        **inherited,
        "CUPY_ACCELERATORS": "",  # CUB is compiled for a device and cannot run here
        "ROCM_HOME": str(folder),
        "PATH": os.pathsep.join(filter(None, programs)),
        "LD_LIBRARY_PATH": os.pathsep.join(filter(None, libraries)),
        LIBRARY: str(folder / "lib" / "libcpuhip.so"),
    }


def main() -> None:
    if len(sys.argv) < 3:
        raise SystemExit("usage: python -m tests.cpuhip FOLDER COMMAND …")
    folder, command = Path(sys.argv[1]).absolute(), sys.argv[2:]
    build(folder)
    variables = environment(folder)
    os.environ["PATH"] = variables["PATH"]  # where execvpe looks for the command
    os.execvpe(command[0], command, variables)


if __name__ == "__main__":
    main()
