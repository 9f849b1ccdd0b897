#!/usr/bin/env python3
"""Random models with symbolic sizes, compiled once each with --sanitize=address and run at many sizes, right and wrong ones.

    build/venv/bin/python test/fuzz/dynamic_shapes.py --count 20000 --seed 7 --jobs 2 --keep-going
    build/venv/bin/python test/fuzz/dynamic_shapes.py --seed 7 --case 1234
    build/venv/bin/python test/fuzz/dynamic_shapes.py --count 2000 --op Slice --op Pad
    GIRIH_TEST_TARGET=cuda build/venv/bin/python test/fuzz/dynamic_shapes.py    for a GPU, on the simulator and its checks

Where ONNX Runtime gives a result, girih must give the same; where it refuses, girih must end in its error. Never may a run end the process,
read or write outside of a tensor, give other bits the second time, or write to an input. verdict.py has the few differences that are allowed.
"""
import argparse
import collections
import dataclasses
import functools
import multiprocessing
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import onnx  # noqa: E402
import arithmetic  # noqa: E402
import build  # noqa: E402
import movement  # noqa: E402
import sanitizer  # noqa: E402
import verdict  # noqa: E402
from serve import Server  # noqa: E402
from support import BUILD, GIRIH, TARGET  # noqa: E402

GENERATORS = {**movement.GENERATORS, **arithmetic.GENERATORS}
OPSET = {**movement.OPSET, **arithmetic.OPSET}
PER_MODEL = 20
# The simulator of a GPU checks what it runs.
CHECKED = f"--target={TARGET}" if TARGET else "--sanitize=address"


@dataclasses.dataclass
class Failure:
    kind: str
    text: str  # what happened
    operators: tuple
    case: int
    where: str  # model and sizes on one line

    def key(self):
        text = re.sub(r".*Status Message: (/\S+)?", "", self.text)
        return self.kind, verdict.blame(self.kind, self.text, self.operators), re.sub(r"'[^']*'|\"[^\"]*\"|-?\d+|\b[nmhw]\b", "_", text)[:60]


@dataclasses.dataclass
class Model:
    proto: onnx.ModelProto
    inputs: list  # of build.Input
    symbols: list
    operators: tuple
    tolerance: float
    open_questions: set

    def text(self):
        """The model on one line."""
        graph = self.proto.graph
        constants = {t.name: onnx.numpy_helper.to_array(t) for t in graph.initializer}

        def show(name):
            array = constants.get(name)
            if array is None:
                return name or "-"
            return f"{array.dtype}{list(array.shape)}" if array.size > 8 else str(array.tolist()).replace(" ", "")

        inputs = ", ".join(f"{i.value.name}: {np.dtype(i.value.dtype).name}[{','.join(map(str, i.value.dims))}]" for i in self.inputs)
        nodes = []
        for n in graph.node:
            attributes = "".join(f", {a.name}={onnx.helper.get_attribute_value(a)!r}" for a in n.attribute)
            nodes.append(f"{','.join(n.output)} = {n.op_type}({', '.join(map(show, n.input))}{attributes})")
        return f"opset {self.proto.opset_import[0].version}; {inputs}; {'; '.join(nodes)}"


def make_model(seed, number, only):
    """One operator, or a chain of up to 5. The first comes in turn, of `only` or of all; the others at random."""
    rng = np.random.default_rng([seed, number])
    turns = only or list(GENERATORS)
    first = turns[(seed * 15 + number) % len(turns)]
    opsets = [o for o in build.OPSETS if o >= OPSET.get(first, 0)]
    b = build.Builder(rng, opsets[int(rng.integers(len(opsets)))])
    others = [n for n in GENERATORS if OPSET.get(n, 0) <= b.opset]
    for step in range(1 if b.chance(0.5) else b.int(2, 5)):
        made = GENERATORS[b.pick(*others) if step else first](b)
        b.current = made if made.rank <= 5 else None
    for value in b.unused.values():
        b.graph.output(value.name)
    return Model(b.graph.model(), b.inputs, b.symbols, tuple(dict.fromkeys(b.operators)), b.tolerance, b.open_questions)


def make_feeds(model, seed, number, index):
    """One case's arrays, or None where they would be too large."""
    rng = np.random.default_rng([seed, number, index, 1])
    sizes = build.Sizes(rng, model.symbols)
    feeds = {}
    # Sometimes one input has another shape than the model says.
    odd = int(rng.integers(len(model.inputs))) if model.inputs and rng.random() < 0.1 else -1
    for i, x in enumerate(model.inputs):
        if int(np.prod([d if isinstance(d, int) else sizes.values[d] for d in x.value.dims])) > build.MAX_ELEMENTS:
            return sizes, None
        array = np.asarray(x.make(rng, sizes))
        if i == odd and array.ndim:
            axis = int(rng.integers(array.ndim))
            shape = list(array.shape)
            shape[axis] = max(0, shape[axis] + int(rng.choice([-1, 1, 2])))
            array = np.resize(array, shape) if array.size else np.zeros(shape, array.dtype)
        feeds[x.value.name] = np.ascontiguousarray(array)
    return sizes, feeds


class Fuzzer:
    """What one process of the fuzzer holds: its servers and a folder."""

    def __init__(self, options):
        self.options = options
        self.folder = tempfile.TemporaryDirectory()
        self.girih = Server("girih", None if TARGET else sanitizer.environment())
        self.ort, self.reference = Server("ort"), Server("reference")

    def compile(self, proto):
        """The library, or what the compiler said."""
        path, out = pathlib.Path(self.folder.name, "model.onnx"), pathlib.Path(self.folder.name, "model.so")
        onnx.save(proto, path)
        out.unlink(missing_ok=True)
        try:
            r = subprocess.run([GIRIH, "compile", path, "-o", out, "-j1", CHECKED], capture_output=True, text=True, errors="replace", timeout=120)
        except subprocess.TimeoutExpired:
            return None, ("compiler crash", "no end")
        if r.returncode == 0:
            return str(out), None
        if r.returncode == 1 and r.stderr.startswith("error:"):
            return None, ("compiler refuses", re.sub(r"^error: (\S*/model\.onnx: )?", "", r.stderr.strip().split("\n")[0]))
        return None, ("compiler crash", f"exit code {r.returncode}: {r.stderr.strip()[-300:]}")

    def run(self, number):
        """(cases, counts, failures) of one model."""
        o = self.options
        counts = collections.Counter()
        model = make_model(o.seed, number, o.op)
        indices = [o.case % PER_MODEL] if o.case is not None else range(min(PER_MODEL, o.count - number * PER_MODEL))
        cases = [(i, *make_feeds(model, o.seed, number, i)) for i in indices]
        counts["too large"] = sum(feeds is None for _, _, feeds in cases)
        cases = [c for c in cases if c[2] is not None]
        text, failures = model.text(), []

        def fail(kind, what, i, sizes=None, feeds=None):
            shapes = {k: list(v.shape) if v.size > 8 or v.dtype.kind == "f" else v.tolist() for k, v in (feeds or {}).items()}
            failures.append(Failure(kind, what, model.operators, number * PER_MODEL + i, f"{text}; sizes {shapes}"))
            counts[kind] += 1

        library, refusal = self.compile(model.proto)
        job = {"model": model.proto.SerializeToString(), "cases": [feeds for _, _, feeds in cases]}
        if refusal and refusal[0] == "compiler crash":
            fail(*refusal, 0)
            return len(cases), counts, failures
        ort = self.ort.run(job) if cases else []
        if refusal:
            # It may refuse what no size makes valid, and what it says that it does not support.
            right = [c for c, r in zip(cases, ort) if r[0] == "ok"]
            if right and self.reference.run({**job, "cases": [right[0][2]]})[0][0] != "ok":
                right = []
            counts["compiler refuses" if right else "refused by both"] += len(cases)
            if right and not verdict.is_documented(refusal[1]):
                failures.append(Failure(*refusal, model.operators, number * PER_MODEL + right[0][0], f"{text}; sizes {right[0][1].values}"))
            return len(cases), counts, failures
        girih = self.girih.run({"python": str(BUILD / "python"), "library": library, "cases": job["cases"]})
        inputs = [(x.value.name, x.value.dims) for x in model.inputs]
        for (i, sizes, feeds), got, voice in zip(cases, girih, ort):
            @functools.cache
            def second(feeds=feeds):
                return self.reference.run({"model": job["model"], "cases": [feeds]})[0]

            bad = verdict.judge(got, voice, second, verdict.declared(inputs, feeds), model)
            counts["valid" if voice[0] == "ok" else "invalid"] += 1
            if bad:
                fail(*bad, i, sizes, feeds)
            if o.case is not None:
                print(f"{text}\nsizes {sizes.values}\nfeeds {feeds}\ngirih {got}\nONNX Runtime {voice}\nreference {second()}")
        return len(cases), counts, failures


fuzzer = None


def start(options):
    global fuzzer
    fuzzer = Fuzzer(options)


def run(number):
    try:
        return fuzzer.run(number)
    except Exception as e:
        import traceback

        return 0, collections.Counter({"fuzzer error": 1}), [Failure("fuzzer error", f"{e!r}", (), number * PER_MODEL, traceback.format_exc())]


def fuzz(options, progress=None):
    """(cases, counts, failures). Stops at the first failure unless told to go on, and when it is interrupted."""
    numbers = [options.case // PER_MODEL] if options.case is not None else range((options.count + PER_MODEL - 1) // PER_MODEL)
    total, counts, failures = 0, collections.Counter(), []
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn"), start, (options,)) as pool:
        try:
            for cases, some, bad in pool.map(run, numbers):
                total, counts = total + cases, counts + some
                failures += bad
                if progress:
                    progress(total, failures, bad)
                if bad and not options.keep_going:
                    break
        except KeyboardInterrupt:
            counts["interrupted"] = 1
        except BrokenProcessPool as e:
            failures.append(Failure("fuzzer error", f"{e}", (), 0, "a worker of the fuzzer"))
        pool.shutdown(cancel_futures=True)
    return total, counts, failures


def summary(failures):
    """Failures by kind, operators and text, the most frequent first, each with its smallest example."""
    groups = collections.defaultdict(list)
    for f in failures:
        groups[f.key()].append(f)
    lines = []
    for (kind, operators, text), group in sorted(groups.items(), key=lambda g: (g[0][0], -len(g[1]))):
        example = min(group, key=lambda f: len(f.where))
        lines.append(f"{len(group):5} {kind}: {operators}: {example.text[:200]}\n        case {example.case}: {example.where[:900]}")
    return "\n".join(lines)


def parse(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help=f"cases; {PER_MODEL} for each model")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int, help="this one only, with everything printed")
    parser.add_argument("--op", action="append", default=[], choices=GENERATORS, metavar="NAME", help="models that have it; may be repeated")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep-going", action="store_true", help="do not stop at the first failure")
    return parser.parse_args(arguments)


def main():
    options = parse()
    if not TARGET and not sanitizer.library():
        sys.exit("error: no clang-22 with the AddressSanitizer's shared library")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    begin, shown = time.time(), [0.0]

    def progress(total, failures, bad):
        for f in bad if not options.keep_going else []:
            print(f"{f.kind}: {f.text}\n  --seed {options.seed} --case {f.case}{''.join(' --op ' + n for n in options.op)}: {f.where}")
        if time.time() - shown[0] > 10:
            shown[0] = time.time()
            print(f"{total} cases, {len(failures)} failures, {time.time() - begin:.0f} s", file=sys.stderr, flush=True)

    total, counts, failures = fuzz(options, progress)
    print(summary(failures))
    print(f"{total} cases in {time.time() - begin:.0f} s: " + (", ".join(f"{n} {kind}" for kind, n in counts.most_common() if n)))
    sys.exit(bool(failures or counts["interrupted"]))


if __name__ == "__main__":
    main()
