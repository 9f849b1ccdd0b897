"""What the Python tests share: compiling with the girih command, running artifacts, ONNX Runtime as the reference."""
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

SOURCE = pathlib.Path(__file__).resolve().parents[1]
BUILD = SOURCE / os.environ.get("GIRIH_BUILD", "build")
GIRIH = BUILD / "bin" / "girih"
sys.path.insert(0, str(BUILD / "python"))
import girih  # noqa: E402

OPSET = 18

# GIRIH_TEST_TARGET=cuda: whatever tests compile is for a GPU, and runs on the simulator, checked, where GIRIH_CUDA_DRIVER names no driver.
TARGET = os.environ.get("GIRIH_TEST_TARGET")
SIMULATOR = {"GIRIH_CUDA_DRIVER": str(BUILD / "lib" / "libgirih-cudasim.so"), "GIRIH_PTXSIM_CHECKS": "race,uninit"}
if TARGET == "cuda" and "GIRIH_CUDA_DRIVER" not in os.environ:
    os.environ.update(SIMULATOR)


# What only CPUs have: tests that give such flags are of them, and others that are say so.
of_cpus = pytest.mark.skipif(TARGET is not None, reason="of CPUs")
FLAGS_OF_CPUS = ("--cpu", "--machine", "--sanitize")


class Refused(Exception):
    """The compiler said no, in one message that starts with `error:`."""


def girih_command(*args, timeout=60):
    """Runs the girih command; a signal, an abort or a hang is a failed test, whatever it was asked."""
    r = subprocess.run([str(GIRIH), *map(str, args)], capture_output=True, text=True, timeout=timeout, errors="replace")
    assert r.returncode in (0, 1), f"girih {' '.join(map(str, args))} ended with {r.returncode}:\n{r.stderr[-2000:]}"
    if r.returncode == 1:
        assert r.stderr.startswith("error:"), f"exit code 1, but stderr does not start with 'error:':\n{r.stderr[:2000]}"
    return r


def compile_file(path, out, *flags):
    if TARGET and not any(f.startswith("--target") for f in flags):
        for flag in flags:
            if flag.startswith(FLAGS_OF_CPUS):
                pytest.skip(f"{flag} is of CPUs")
        flags = (f"--target={TARGET}", *flags)
    r = girih_command("compile", path, "-o", out, "-j1", *flags)
    if r.returncode:
        assert not os.path.exists(out), f"{out} was left behind by a failed compilation"
        raise Refused(r.stderr.strip())
    return out


def compile_model(model, folder, *flags, name="model"):
    """The artifact of an onnx.ModelProto."""
    path = os.path.join(folder, name + ".onnx")
    onnx.save(model, path)
    return compile_file(path, os.path.join(folder, name + ".so"), *flags)


def run_model(model, feeds, *flags, threads=1):
    with tempfile.TemporaryDirectory() as folder:
        return girih.load(compile_model(model, folder, *flags), threads=threads).run(feeds)


def reference(model, feeds):
    """ONNX Runtime's outputs, with its graph optimisations off: they round differently."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, feeds)))


def random_feeds(model, rng, size):
    """Inputs of a loaded model, whose dynamic dimensions are `size`; integers are 0 and 1."""
    feeds = {}
    for i in model.inputs:
        shape = [d if isinstance(d, int) else size for d in i.shape]
        integer = np.dtype(i.dtype).kind in "iu"
        feeds[i.name] = (rng.integers(0, 2, shape) if integer else rng.standard_normal(shape)).astype(i.dtype)
    return feeds


def assert_close(got, want, rtol=1e-5, atol=1e-6, scaled=0.0):
    """Same names, shapes and types, and |got - want| <= atol + rtol |want| + scaled max |want|; integers and NaNs the same."""
    assert list(got) == list(want), f"outputs {list(got)}, expected {list(want)}"
    for name, w in want.items():
        g = got[name]
        assert g.dtype == w.dtype, f"{name}: type {g.dtype}, expected {w.dtype}"
        assert g.shape == w.shape, f"{name}: shape {g.shape}, expected {w.shape}"
        if w.dtype.kind not in "fV":
            np.testing.assert_array_equal(g, w, err_msg=name)
            continue
        w64 = w.astype(np.float64)
        finite = np.abs(w64[np.isfinite(w64)])
        bound = atol + scaled * (finite.max() if finite.size else 0.0)
        np.testing.assert_allclose(g.astype(np.float64), w64, rtol=rtol, atol=bound, err_msg=name)


class Graph:
    """Builds an ONNX model node by node; every value that `output` is given becomes an output."""

    def __init__(self, seed=0, opset=OPSET):
        self.rng = np.random.default_rng(seed)
        self.opset = opset
        self.nodes, self.inputs, self.outputs, self.initializers, self.feeds = [], [], [], [], {}

    def name(self, prefix):
        return f"{prefix}{len(self.nodes) + len(self.inputs) + len(self.initializers)}"

    def input(self, value, shape=None):
        """A model input fed with `value`; `shape` names dynamic dimensions."""
        name = self.name("x")
        dtype = helper.np_dtype_to_tensor_dtype(value.dtype)
        self.inputs.append(helper.make_tensor_value_info(name, dtype, list(shape if shape is not None else value.shape)))
        self.feeds[name] = value
        return name

    def normal(self, *shape, dims=None):
        return self.input(self.rng.standard_normal(shape).astype(np.float32), dims)

    def weight(self, value):
        name = self.name("w")
        self.initializers.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def normal_weight(self, *shape):
        return self.weight(self.rng.standard_normal(shape).astype(np.float32))

    def op(self, op_type, *inputs, outputs=1, **attributes):
        base = self.name(op_type.lower() + "_")
        names = [base] if outputs == 1 else [f"{base}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op_type, list(inputs), names, name=base, **attributes))
        return names[0] if outputs == 1 else names

    def output(self, name):
        self.outputs.append(name)
        return name

    def model(self):
        infos = [helper.make_tensor_value_info(o, TensorProto.UNDEFINED, None) for o in self.outputs]
        for info in infos:
            info.ClearField("type")
        graph = helper.make_graph(self.nodes, "test", self.inputs, infos, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = min(model.ir_version, 8 if self.opset < 19 else 10)
        inferred = onnx.shape_inference.infer_shapes(model)
        known = {v.name: v for v in [*inferred.graph.value_info, *inferred.graph.output]}
        for i, name in enumerate(self.outputs):
            if name in known and known[name].type.WhichOneof("value"):
                model.graph.output[i].CopyFrom(known[name])
                # The package's inference is wrong about the last window of ceil_mode.
                model.graph.output[i].type.tensor_type.ClearField("shape")
        return model


def check(graph, *flags, rtol=1e-5, atol=1e-6, scaled=2e-6, threads=1):
    """Compiles, runs and compares with ONNX Runtime."""
    model = graph.model()
    want = reference(model, graph.feeds)
    assert_close(run_model(model, graph.feeds, *flags, threads=threads), want, rtol, atol, scaled)
