#!/usr/bin/env python3
"""Compiles nvcc/*.cu to ptx/NAME.sm_NN.ptx.xz, which is committed: tests need no CUDA. Needs nvcc 13, and clang 22 for some.

    build_nvcc.py [NAME...]
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import packed

HERE = pathlib.Path(__file__).resolve().parent
# sm_80 wherever it will do; more where a program has instructions of its own there. For sm_100 nvcc uses a newer code generator, whose PTX looks different.
# `debug` is -G, which calls even the smallest function and keeps everything in local memory; `clang` is another compiler.
ARCHS = {"groups": (80,), "library": (80,), "wide": (100,), "work": (80, 100),
         "atomics": (80, 90, "80_clang"), "half": (80, 90, 100), "hopper": (90,), "tensor": ("90a",), "product": ("90a",), "mma": (80, 90), "matrices": (80, 90), "control": (80, 100, "80_debug"),
         "integer": (80, 100), "locks": (80, "80_debug"), "math": (80, 100), "memory": (80, 100, "80_debug"), "reduce": (80, 100, "80_clang"), "tiles": (80, 100),
         "warp": (80, 100)}
HEADERS = {"groups", "library", "product"}  # made of headers, or unrolled: where each line comes from would be most of the text


def nvcc():
    return shutil.which("nvcc") or "/usr/local/cuda/bin/nvcc"


def without_paths(text, debug):
    """`.file` names the source by its name alone, and the sections that hold the folder of the build are left out."""
    if debug:
        text = re.sub(r"(?ms)^\s*\.section\s+\.debug_\w+\s*\{.*?^\s*\}\n?", "", text)
        text = re.sub(r"(?m)^(\.target .*), debug", r"\1", text)
    text = re.sub(r"(?m)^(\s*\.loc\s[^/\n]*?)\s*//.*", r"\1", text)
    return re.sub(r'(?m)^(\s*\.file\s+\d+\s+)"([^"]*)"', lambda m: f'{m[1]}"{re.sub(r"^.*/", "", m[2])}"', text)


def build(source, arch):
    name = f"{source.stem}.sm_{arch}"
    number, _, kind = str(arch).partition("_")
    if kind == "clang":
        toolkit = pathlib.Path(nvcc()).resolve().parents[1]
        command = ["clang++-22", "-x", "cuda", "--cuda-device-only", f"--cuda-gpu-arch=sm_{number}", "-O2", "-S", f"--cuda-path={toolkit}",
                   "-isystem", toolkit / "include" / "cccl", "-Wno-unknown-cuda-version", "-gline-tables-only"]
    else:
        lines = [] if source.stem in HEADERS else ["-G" if kind == "debug" else "-lineinfo"]
        command = [nvcc(), "-ptx", *lines, "-diag-suppress=20054", f"-arch=sm_{number}"]
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.ptx"
        subprocess.run([*command, "-std=c++17", source.name, "-o", out], cwd=source.parent, check=True)
        text = without_paths(out.read_text(), bool(kind))
    print(f"{name}: {len(text)} bytes, packed {packed.write(name, text)}")


if __name__ == "__main__":
    for source in sorted((HERE / "nvcc").glob("*.cu")):
        if len(sys.argv) == 1 or source.stem in sys.argv[1:]:
            for arch in ARCHS.get(source.stem, (80,)):
                build(source, arch)
