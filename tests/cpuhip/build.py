"""Build the stand-in's library for the CuPy of this Python.

``python -m tests.cpuhip.build FOLDER`` leaves in FOLDER: ``lib/``, one library under the names of
all that CuPy links to; ``include/``, what kernels are compiled with; ``bin/hipcc``, which CuPy asks
for its folders. A folder that is up to date is left alone.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
RUNTIME, DEVICE = HERE / "runtime", HERE / "device"

CUPY = "cupy-rocm-7-0"
"""The wheel made for AMD: it asks for its device by ordinary shared libraries, so that these can be
others. The wheels for NVIDIA have that part linked in."""

COMPILE = ["g++", "-c", "-fPIC", "-O1", "-std=gnu++17", "-fvisibility=hidden"]
KERNEL_FLAGS = ["-fPIC", "-w", "-O1", "-std=gnu++17", "-fvisibility=hidden", "-fno-gnu-unique",
                "-fpermissive"]  # fmt: skip
"""How kernels are compiled, at run time. No fast mathematics, and g++ contracts nothing for a plain
x86-64, so that results are IEEE's."""

WARNINGS = ["-Wall", "-Wextra", "-Werror"]

OPENED_BY_NAME = {"libhiprtc.so.7"}
"""Libraries that CuPy does not link to and opens when it needs them."""

NOT_SUPPORTED = {
    r"(hip|roc)(blas|solver|sparse|fft)": 7,
    r"": 801,
}
"""The status by which each family of functions says that it cannot do something."""


def cupy() -> importlib.metadata.Distribution:
    """The installed wheel, not imported."""
    try:
        return importlib.metadata.distribution(CUPY)
    except importlib.metadata.PackageNotFoundError:
        raise SystemExit(
            f"CuPy is missing: {sys.executable} -m pip install {CUPY}, or `make test-gpu`"
        ) from None


def fingerprint() -> str:
    """What a build depends on, in a few letters."""
    for program in ("g++", "readelf", "nm"):
        if shutil.which(program) is None:
            raise SystemExit(f"{program} is missing: cpuhip is built with g++ and binutils")
    texts = [path for folder in (RUNTIME, DEVICE) for path in folder.rglob("*") if path.is_file()]
    digest = hashlib.sha256(cupy().version.encode())
    digest.update(subprocess.run(["g++", "--version"], check=True, capture_output=True).stdout)
    for path in sorted([*texts, Path(__file__)]):
        digest.update(path.relative_to(HERE).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def wanted_by_cupy() -> tuple[set[str], set[str]]:
    """The libraries that CuPy's compiled files link to, and the functions they expect there."""
    modules = [str(file.locate()) for file in cupy().files or () if file.suffix == ".so"]
    command = ["readelf", "--wide", "--dynamic", "--dyn-syms", *modules]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    libraries = re.findall(r"\(NEEDED\).*\[(lib(?:hip|roc|amd)[^\]]*)\]", text)
    functions = re.findall(r" UND ((?:__hip|hip|roc)\w+)", text)
    return set(libraries), set(functions)


def defined_in(objects: list[Path]) -> set[str]:
    """The names of the functions that these object files define."""
    command = ["nm", "--defined-only", "--extern-only", *map(str, objects)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return set(re.findall(r" T (\w+)", text))


def refusals(functions: set[str]) -> str:
    """C++ in which each of the functions answers that it is not supported."""
    lines = ['#include "cpuhip.h"']
    for name in sorted(functions):
        status = next(code for family, code in NOT_SUPPORTED.items() if re.match(family, name))
        lines.append(f'EXPORT int {name}(...) {{ return refuse("{name}", {status}); }}')
    return "\n".join(lines) + "\n"


def compiled(source: Path, folder: Path, identity: str) -> Path:
    """The object file of one source."""
    out = folder / f"{source.stem}.o"
    strings = {"CPUHIP_FINGERPRINT": identity, "CPUHIP_KERNEL_FLAGS": " ".join(KERNEL_FLAGS)}
    places = [f"-I{RUNTIME}", f"-I{DEVICE}", *(f'-D{name}="{s}"' for name, s in strings.items())]
    subprocess.run([*COMPILE, *WARNINGS, *places, "-o", str(out), str(source)], check=True)
    return out


def precompile(header: Path) -> None:
    """Put the header beside itself in the form in which g++ reads it quickly, for every kernel."""
    out = header.with_name(f"{header.name}.gch")
    words = ["g++", *KERNEL_FLAGS, "-x", "c++-header", str(header), "-o", str(out)]
    subprocess.run(words, check=True)


def build_library(library: Path, scratch: Path, identity: str) -> set[str]:
    """Write the library; the names that CuPy knows it by."""
    with ThreadPoolExecutor() as pool:
        sources = sorted(RUNTIME.glob("*.cpp"))
        objects = list(pool.map(lambda source: compiled(source, scratch, identity), sources))
    names, functions = wanted_by_cupy()
    rest = scratch / "refused.cpp"
    rest.write_text(refusals(functions - defined_in(objects)), encoding="utf-8")
    objects.append(compiled(rest, scratch, identity))
    link = ["g++", "-shared", "-o", str(library), *map(str, objects), "-ldl", "-lpthread"]
    subprocess.run(link, check=True)
    return names | OPENED_BY_NAME


HIPCC = """\
#!/bin/sh
[ "$2" = hip ] || { echo "cpuhip: hipcc only tells its folders" >&2; exit 1; }
include=$(cd "$(dirname "$0")/../include" && pwd)
printf '#include <...> search starts here:\\n %s\\nEnd of search list.\\n' "$include" >&2
"""


def fill(folder: Path, identity: str) -> None:
    """Everything that a finished folder has, its mark last."""
    shutil.copytree(DEVICE, folder / "include")
    precompile(folder / "include" / "cpuhip_device.h")
    (folder / "lib").mkdir()
    library = folder / "lib" / "libcpuhip.so"
    with tempfile.TemporaryDirectory() as scratch:
        names = build_library(library, Path(scratch), identity)
    for name in names:
        (folder / "lib" / name).symlink_to(library.name)
    hipcc = folder / "bin" / "hipcc"
    hipcc.parent.mkdir()
    hipcc.write_text(HIPCC, encoding="utf-8")
    hipcc.chmod(0o755)
    (folder / "fingerprint").write_text(identity, encoding="utf-8")


def build(folder: Path) -> None:
    """Build into a folder, unless what is there is up to date.

    The kernels that CuPy has compiled lie in the folder too, and go with an old build.
    """
    identity = fingerprint()
    mark = folder / "fingerprint"
    if mark.exists() and mark.read_text(encoding="utf-8") == identity:
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as half_done:
        fresh = Path(half_done) / folder.name
        fresh.mkdir()
        fill(fresh, identity)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m tests.cpuhip.build FOLDER")
    build(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
