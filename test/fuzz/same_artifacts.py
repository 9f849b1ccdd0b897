#!/usr/bin/env python3
"""Whether two compilers make the same bytes of the same models: for changes that shall change nothing.

    build/venv/bin/python test/fuzz/same_artifacts.py --old ../before/build/bin/girih --count 300 models/*.json ...

Compilation is deterministic, so a model whose artifact changes is a change of the compiler. Compares the objects for each --cpu of all files given and
of --count random models (dynamic_shapes.py makes them), and the messages where both refuse. `--old` is a girih built before, `--new` this build's.
"""
import argparse
import concurrent.futures
import filecmp
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import onnx  # noqa: E402
import dynamic_shapes  # noqa: E402
from support import GIRIH  # noqa: E402


def compile_with(compiler, model, out, cpu):
    r = subprocess.run([compiler, "compile", model, "-o", out, "-j1", f"--cpu={cpu}"], capture_output=True, text=True, errors="replace", timeout=600)
    return r.returncode, r.stderr if r.returncode else ""


def differs(options, model, cpu, folder):
    """What is different, or nothing."""
    folder = pathlib.Path(tempfile.mkdtemp(dir=folder))
    outs = [folder / "model.o", folder / "same" / "model.o"]  # of one name, which the object holds
    outs[1].parent.mkdir()
    old, new = (compile_with(c, model, o, cpu) for c, o in zip((options.old, options.new), outs))
    if old != new:
        return f"{old[1] or 'compiles'}\n    now: {new[1] or 'compiles'}"
    if old[0] == 0 and not filecmp.cmp(*outs, shallow=False):
        return f"{outs[0].stat().st_size} bytes, now {outs[1].stat().st_size}"
    for o in outs:
        o.unlink(missing_ok=True)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*")
    parser.add_argument("--old", required=True)
    parser.add_argument("--new", default=str(GIRIH))
    parser.add_argument("--count", type=int, default=0, help="random models")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cpu", action="append", default=[], help="may be repeated (x86-64-v2, -v3 and -v4)")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = list(options.models)
        for number in range(options.count):
            models.append(f"{folder}/random{number}.onnx")
            onnx.save(dynamic_shapes.make_model(options.seed, number, []).proto, models[-1])
        work = [(m, cpu) for m in models for cpu in options.cpu or ["x86-64-v2", "x86-64-v3", "x86-64-v4"]]
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            results = list(pool.map(lambda w: differs(options, *w, folder), work))
        for (model, cpu), result in zip(work, results):
            if result:
                print(f"{model} for {cpu}: {result}")
    print(f"{len(work)} artifacts, {sum(map(bool, results))} differ")
    sys.exit(any(results))


if __name__ == "__main__":
    main()
