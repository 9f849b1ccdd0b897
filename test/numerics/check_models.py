#!/usr/bin/env python3
"""Compiles every NAME.onnx of a folder and compares with DIR/io/NAME.K.npz (inputs `in::name`, expected outputs `out::name`).

    test/numerics/check_models.py DIR [NAME...] [--keep OUT] [--limit 1e-4]

Prints per model: seconds and peak memory of the compilation, size of the artifact beyond the weights, the arena over its lower bound,
and for each set of inputs the largest error relative to the largest expected output. Not a test: it needs models that are not in
this repository.
"""
import argparse
import glob
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import support  # noqa: E402


def compile_timed(path, out, flags):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    start = time.perf_counter()
    r = subprocess.run([str(support.GIRIH), "compile", path, "-o", out, *flags], capture_output=True, text=True)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of the largest child so far
    return r, seconds, peak if peak > before else None


def arena(out):
    r = subprocess.run([str(support.GIRIH), "inspect", out, "--json"], capture_output=True, text=True)
    try:
        memory = json.loads(r.stdout)
    except ValueError:
        return None
    size, bound = memory.get("arena_bytes"), memory.get("arena_lower_bound")
    return size / bound if size and bound and size > 0 else None


def relative_error(got, want):
    if got.shape != want.shape or got.dtype != want.dtype:
        return float("inf")
    if want.size == 0:
        return 0.0
    g, w = got.astype(np.float64), want.astype(np.float64)
    if not np.array_equal(np.isfinite(g), np.isfinite(w)):
        return float("inf")
    finite = np.isfinite(w)
    return float(np.max(np.abs(g - w)[finite], initial=0) / max(np.max(np.abs(w[finite]), initial=0), 1e-30))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--keep", help="folder for the artifacts")
    parser.add_argument("--limit", type=float, default=1e-4)
    parser.add_argument("--flags", default="", help="more flags for girih compile")
    args = parser.parse_args()
    names = args.names or sorted(pathlib.Path(p).stem for p in glob.glob(os.path.join(args.folder, "*.onnx")))
    temporary = tempfile.TemporaryDirectory()
    failures = 0
    print("| model | compile s | peak MB | artifact - file KB | arena / bound | errors |\n|---|---|---|---|---|---|")
    for name in names:
        path, out = os.path.join(args.folder, name + ".onnx"), os.path.join(args.keep or temporary.name, name + ".so")
        r, seconds, peak = compile_timed(path, out, args.flags.split())
        if r.returncode:
            failures += 1
            print(f"| {name} | {seconds:.1f} | | | | exit code {r.returncode}: {(r.stderr.strip().splitlines() or [''])[0][:300]} |", flush=True)
            continue
        errors = []
        for npz in sorted(glob.glob(os.path.join(args.folder, "io", name + ".*.npz"))):
            data = np.load(npz)
            # A crash of one model must not end the others' check.
            script = "import sys, numpy as np; sys.path.insert(0, sys.argv[1]); import girih; d = np.load(sys.argv[3]);" \
                     "np.savez(sys.argv[4], **girih.load(sys.argv[2]).run({k[4:]: d[k] for k in d.files if k.startswith('in::')}))"
            result = os.path.join(temporary.name, "result.npz")
            ran = subprocess.run([sys.executable, "-c", script, str(support.BUILD / "python"), out, npz, result], capture_output=True, text=True)
            if ran.returncode:
                errors.append(f"exit code {ran.returncode}: {(ran.stderr.strip().splitlines() or [''])[-1][:200]}")
                failures += 1
                continue
            got = np.load(result)
            error = max(relative_error(got[k[5:]], data[k]) for k in data.files if k.startswith("out::"))
            failures += not error <= args.limit
            errors.append(f"{error:.1e}" + ("" if error <= args.limit else " **too large**"))
        extra = (os.path.getsize(out) - os.path.getsize(path)) / 1024
        ratio = arena(out)
        print(f"| {name} | {seconds:.1f} | {peak / 1024 if peak else 0:.0f} | {extra:.0f} | {f'{ratio:.3f}' if ratio else ''} | {', '.join(errors)} |", flush=True)
    print(f"\n{failures} failures")
    sys.exit(failures != 0)


if __name__ == "__main__":
    main()
