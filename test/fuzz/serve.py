"""Child processes that run many cases of one model after the other, and survive their deaths.

A server is `python serve.py WHAT`, with WHAT one of SETUPS. It forks for each model; the child that dies of a case is replaced by one that
goes on with the next. Jobs and results are pickles on standard input and output.
"""
import ctypes
import mmap
import os
import pathlib
import pickle
import signal
import struct
import subprocess
import sys
import tempfile

import numpy as np

SECONDS = 30  # for one case


def girih_setup(job):
    """A sanitized library. Runs each case three times: what nobody wrote is different each time."""
    sys.path.insert(0, job["python"])
    from girih import _native as native

    error = native.ErrorText()
    library = native.Library(job["library"])
    model = ctypes.c_void_p()
    native.check(library.open(library.table, None, model, error), error)
    info = native.ModelInfo()
    library.get_model_info(model, info)

    def context(threads):
        made = ctypes.c_void_p()
        native.check(library.create(model, native.Options(threads=threads), made, error), error)
        return made.value

    contexts = [context(1), context(3)]
    output_names = [library.get_output(model, i).contents.name.decode() for i in range(info.output_count)]
    input_names = [library.get_input(model, i).contents.name.decode() for i in range(info.input_count)]
    codes = {dtype: code for code, (dtype, _) in native.DTYPES.items()}

    def tensors(arrays):
        made = (native.Tensor * len(arrays))()
        for t, a in zip(made, arrays):
            t.data, t.dtype, t.rank = a.ctypes.data, codes[a.dtype], a.ndim
            t.dims[: a.ndim] = a.shape
        return made

    def run_once(context, inputs, fill):
        given, made = tensors(inputs), (native.Tensor * info.output_count)()
        at = ctypes.addressof
        native.check(library.infer(context, at(given), at(made), at(error)), error)
        outputs = [np.empty(t.dims[: t.rank], native.DTYPES[t.dtype][0]) for t in made]
        for array in outputs:
            ctypes.memset(array.ctypes.data, fill, array.nbytes)
        made = tensors(outputs)
        native.check(library.run(context, at(given), at(made), at(error)), error)
        return outputs

    def run(feeds):
        # The red zones begin where the array ends, since NumPy allocates just its bytes; contiguous copies own them.
        inputs = [np.array(feeds[name], order="C") for name in input_names]
        before = [a.tobytes() for a in inputs]
        results = []
        try:
            for i, context in enumerate([contexts[0], contexts[0], contexts[1]]):
                results.append(run_once(context, inputs, [0x7A, 0x01, 0xFA][i]))
        except native.Error as e:
            if results:
                return "unstable", f"refused in run {len(results)} only: {e}"
            return "refused", str(e)
        if [a.tobytes() for a in inputs] != before:
            return "unstable", "an input was written to"
        for i, other in enumerate(results[1:], 1):
            for name, a, b in zip(output_names, results[0], other):
                if a.tobytes() != b.tobytes():
                    return "unstable", f"output {name}: run {i} gives other bits"
        return "ok", dict(zip(output_names, results[0]))

    return run


def ort_setup(job):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    session = ort.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    return lambda feeds: ("ok", dict(zip(names, session.run(None, feeds))))


def reference_setup(job):
    import onnx
    from onnx.reference import ReferenceEvaluator

    model = onnx.load_from_string(job["model"])
    evaluator = ReferenceEvaluator(model)
    return lambda feeds: ("ok", dict(zip([o.name for o in model.graph.output], evaluator.run(None, feeds))))


SETUPS = {"girih": girih_setup, "ort": ort_setup, "reference": reference_setup}


def send(file, message):
    data = pickle.dumps(message, protocol=5)
    file.write(struct.pack("<q", len(data)) + data)
    file.flush()


def receive(file):
    header = file.read(8)
    return pickle.loads(file.read(struct.unpack("<q", header)[0])) if len(header) == 8 else None


def child(setup, job, at, start, out):
    """Runs cases from `start` on and sends their results; `at` says to the parent which one it is at."""
    signal.alarm(SECONDS)
    try:
        run = setup(job)
    except Exception as e:
        send(out, (-1, ("broken" if setup is girih_setup else "refused", f"{type(e).__name__}: {e}")))
        os._exit(0)
    for i in range(start, len(job["cases"])):
        at[:8] = struct.pack("<q", i)
        signal.alarm(SECONDS)
        try:
            result = run(job["cases"][i])
        except Exception as e:
            result = "refused", f"{type(e).__name__}: {e}"
        send(out, (i, result))
    os._exit(0)


def serve(setup):
    source, out = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print goes elsewhere
    at = mmap.mmap(-1, 8)
    if setup is ort_setup:
        import onnxruntime  # noqa: F401  once, not in every child
    elif setup is reference_setup:
        import onnx.reference  # noqa: F401
    with tempfile.TemporaryFile() as log:
        while (job := receive(source)) is not None:
            start, count = 0, len(job["cases"])
            while start < count:
                at[:8] = struct.pack("<q", -1)
                log.truncate(0), log.seek(0)
                pid = os.fork()
                if pid == 0:
                    os.dup2(log.fileno(), 2)
                    child(setup, job, at, start, out)
                _, status = os.waitpid(pid, 0)
                if status == 0:
                    break
                log.seek(0)
                where = struct.unpack("<q", at[:8])[0]
                send(out, (where, ("died", status, log.read().decode(errors="replace"))))
                start = where + 1 if where >= 0 else count
            send(out, None)


class Server:
    """A server process from the parent's side."""

    def __init__(self, what, environment=None):
        self.process = subprocess.Popen([sys.executable, pathlib.Path(__file__), what], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def run(self, job):
        """One result a case: ("ok", outputs), ("refused", message), ("unstable", message),
        ("broken", message) where not even loading succeeded, ("died", wait status, what was printed)."""
        send(self.process.stdin, job)
        results = [None] * len(job["cases"])
        while (message := receive(self.process.stdout)) is not None:
            i, result = message
            if i < 0:
                results = [result] * len(results)
            else:
                results[i] = result
        if None in results:
            raise RuntimeError(f"the server ended with {self.process.poll()}")
        return results

    def close(self):
        self.process.stdin.close()
        self.process.wait()


if __name__ == "__main__":
    try:
        serve(SETUPS[sys.argv[1]])
    except (BrokenPipeError, KeyboardInterrupt):
        pass  # the fuzzer was interrupted
