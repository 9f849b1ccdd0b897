#!/usr/bin/env python3
"""Compiles nvcc/*.cu to ptx/NAME.sm_NN.ptx, which is committed: tests need no CUDA. Needs nvcc 13.

    build_nvcc.py [NAME...]
"""
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# sm_80 wherever it will do; more where a program has instructions of its own there. For sm_100 nvcc uses a newer code generator, whose PTX looks different.
ARCHS = {"atomics": (80, 90), "half": (80, 90, 100), "hopper": (90,), "mma": (80, 90), "matrices": (80, 90), "control": (80, 100), "integer": (80, 100),
         "math": (80, 100), "memory": (80, 100), "reduce": (80, 100), "tiles": (80, 100), "warp": (80, 100)}


def nvcc():
    return shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"


def without_paths(text):
    """`.file` names the source by its name alone, and headers from where the toolkit starts."""
    return re.sub(r'(?m)^(\s*\.file\s+\d+\s+)"([^"]*)"', lambda m: f'{m[1]}"{re.sub(r"^.*/(?=[^/]*$|include/)", "", m[2])}"', text)


def build(source, arch):
    out = HERE / "ptx" / f"{source.stem}.sm_{arch}.ptx"
    subprocess.run([nvcc(), "-ptx", "-lineinfo", "-std=c++17", "-diag-suppress=20054", f"-arch=sm_{arch}", source.name, "-o", out], cwd=source.parent, check=True)
    out.write_text(without_paths(out.read_text()))
    print(f"{out.name}: {out.stat().st_size} bytes")


if __name__ == "__main__":
    (HERE / "ptx").mkdir(exist_ok=True)
    for source in sorted((HERE / "nvcc").glob("*.cu")):
        if len(sys.argv) == 1 or source.stem in sys.argv[1:]:
            for arch in ARCHS.get(source.stem, (80,)):
                build(source, arch)
