#!/usr/bin/env python3
"""Latency of ONNX models: girih beside ONNX Runtime and OpenVINO, in alternating slots on this machine, as a Markdown table.

    tools/bench/compare.py MODEL.onnx... [--threads 1] [--runtimes girih,onnxruntime,openvino] [--slots 5] [--seconds 1]

Each runtime runs in a process of its own and waits for its turn, so that all see the same machine; a slot's time is the median of
its runs, a runtime's the median of its slots. With one thread all are pinned to one CPU. Inputs are random by a fixed seed
(dynamic dimensions: 1, or --dim NAME=VALUE); outputs are compared with ONNX Runtime's.
Needs `pip install onnx onnxruntime openvino` for the runtimes that are asked for.
"""
import argparse
import datetime
import os
import pathlib
import pickle
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def feeds_of(path, dims):
    import onnx

    model = onnx.load(path, load_external_data=False)
    rng = np.random.default_rng(0)
    constants = {i.name for i in model.graph.initializer}
    feeds = {}
    for value in model.graph.input:
        if value.name in constants:
            continue
        tensor = value.type.tensor_type
        shape = [d.dim_value or dims.get(d.dim_param, 1) for d in tensor.shape.dim]
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        if dtype.kind == "b":
            feeds[value.name] = np.ones(shape, dtype)
        elif dtype.kind in "iu":
            feeds[value.name] = rng.integers(0, 2 if "mask" in value.name or "type" in value.name else 100, shape).astype(dtype)
        else:
            feeds[value.name] = rng.standard_normal(shape).astype(dtype)
    return feeds


def girih_runner(path, feeds, threads):
    sys.path.insert(0, str(ROOT / "build" / "python"))
    import girih

    library = os.path.join(tempfile.mkdtemp(), "model.so")
    subprocess.run([str(ROOT / "build" / "bin" / "girih"), "compile", path, "-o", library], check=True, capture_output=True)
    model = girih.load(library, threads=threads)
    return lambda: list(model.run(feeds).values())


def onnxruntime_runner(path, feeds, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, feeds)


def openvino_runner(path, feeds, threads):
    import openvino

    compiled = openvino.Core().compile_model(
        path, "CPU", {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    request = compiled.create_infer_request()
    for name, value in feeds.items():
        request.set_tensor(name, openvino.Tensor(value))

    def run():
        request.infer()
        return [request.get_output_tensor(i).data for i in range(len(compiled.outputs))]

    return run


RUNNERS = {"girih": girih_runner, "onnxruntime": onnxruntime_runner, "openvino": openvino_runner}


def worker(runtime, path, threads, dims):
    """Answers each line of stdin (seconds) with the times of as many runs; first with the outputs."""
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # runtimes print to stdout
    feeds = feeds_of(path, dims)
    run = RUNNERS[runtime](path, feeds, threads)
    pickle.dump([np.array(o) for o in run()], results)
    results.flush()
    for line in sys.stdin:
        times, end = [], time.perf_counter() + float(line)
        run()
        while not times or time.perf_counter() < end:
            start = time.perf_counter()
            run()
            times.append(time.perf_counter() - start)
        pickle.dump(statistics.median(times), results)
        results.flush()


def measure(path, args):
    """{runtime: (milliseconds, outputs)}"""
    running = {}
    for runtime in args.runtimes.split(","):
        command = [sys.executable, __file__, path, "--worker", runtime, "--threads", str(args.threads)] + [f"--dim={d}" for d in args.dim]
        pin = ["taskset", "-c", "0"] if args.threads == 1 else []
        process = subprocess.Popen(pin + command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            running[runtime] = (process, pickle.load(process.stdout), [])
        except EOFError:
            print(f"{runtime} could not run {path}", file=sys.stderr)
    for _ in range(args.slots):
        for process, _, times in running.values():
            process.stdin.write(f"{args.seconds}\n".encode())
            process.stdin.flush()
            times.append(pickle.load(process.stdout))
    for process, _, _ in running.values():
        process.stdin.close()
        process.wait()
    return {name: (1e3 * statistics.median(times), outputs) for name, (_, outputs, times) in running.items()}


def difference(got, want):
    """The largest error relative to the largest expected output."""
    return max((float(np.max(np.abs(g.astype(np.float64) - w)) / max(np.max(np.abs(w)), 1e-30)) for g, w in zip(got, want) if w.size), default=0.0)


def cpu_name():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runtimes", default="girih,onnxruntime,openvino")
    parser.add_argument("--slots", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a slot")
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return worker(args.worker, args.models[0], args.threads, {k: int(v) for k, v in (d.split("=") for d in args.dim)})
    names = args.runtimes.split(",")
    others = [n for n in names if n != "girih"]
    print(f"{datetime.date.today()}, {cpu_name()}, {args.threads} thread{'s' * (args.threads > 1)}, milliseconds; `{shlex.join(['tools/bench/compare.py', *sys.argv[1:]])}`\n")
    print("| model | " + " | ".join(names) + " | " + " | ".join(f"speed / {o}" for o in others) + " | difference |")
    print("|---" * (len(names) + len(others) + 2) + "|")
    for path in args.models:
        results = measure(path, args)
        cells = [f"{results[n][0]:.2f}" if n in results else "" for n in names]
        for other in others:
            cells.append(f"{results[other][0] / results['girih'][0]:.2f}" if {"girih", other} <= results.keys() else "")
        both = {"girih", "onnxruntime"} <= results.keys()
        cells.append(f"{difference(results['girih'][1], results['onnxruntime'][1]):.0e}" if both else "")
        print(f"| {pathlib.Path(path).stem} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
