"""AArch64's code on an emulated machine, against this machine's for the same models: every kind of kernel, and what NaNs, infinities and
zeros become where instructions differ."""
import shutil
import subprocess

import numpy as np
import pytest

import support
from support import Graph, assert_close, compile_model, girih_command
from test_artifacts import network

CROSS = "aarch64-linux-gnu"


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if not shutil.which("qemu-aarch64"):
        pytest.skip("qemu-aarch64 is not installed (qemu-user)")
    if not (support.BUILD / "lib" / "libgirih-runtime-aarch64.a").exists():
        pytest.skip("girih was built without the runtime for AArch64 (libc6-dev-arm64-cross)")
    path, runtime = tmp_path_factory.mktemp("aarch64") / "pipe", support.SOURCE / "runtime"
    subprocess.run([support.SOURCE / "test" / "cross-cc.sh", CROSS, "-D_GNU_SOURCE", "-DGIRIH_RUNTIME", '-DGIRIH_VERSION="0"', f"-I{support.SOURCE}",
                    f"-I{runtime}", *runtime.glob("*.c"), support.SOURCE / "test" / "numerics" / "pipe.c", "-o", path], check=True)
    return path


def check(program, graph, folder, *flags, machine="max", **tolerance):
    """Outputs' types and shapes are this machine's."""
    want = support.girih.load(compile_model(graph.model(), folder)).run(graph.feeds)
    library = folder / "aarch64.so"
    compiled = girih_command("compile", folder / "model.onnx", "-o", library, f"--target={CROSS}", *flags)
    assert compiled.returncode == 0, compiled.stderr
    data = b"".join(np.ascontiguousarray(v).tobytes() for v in graph.feeds.values())
    run = subprocess.run(["qemu-aarch64", "-cpu", machine, "-L", f"/usr/{CROSS}", program, library], input=data, capture_output=True)
    assert run.returncode == 0, run.stderr.decode()
    got, at = {}, 0
    for name, w in want.items():
        got[name] = np.frombuffer(run.stdout, w.dtype, w.size, at).reshape(w.shape)
        at += w.nbytes
    assert at == len(run.stdout)
    assert_close(got, want, **tolerance)


@pytest.mark.parametrize("cpu, machine", [("generic", "cortex-a57"), ("neoverse-n1", "neoverse-n1"), ("neoverse-v1", "max")])
def test_network(program, tmp_path, cpu, machine):
    check(program, network(3), tmp_path, f"--cpu={cpu}", machine=machine, scaled=1e-5)


SPECIAL = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-40, -1e-40, 3e38, -3e38, 0.5, -0.5, 1.5, 2.5, -2.5, 100, -100, 1e9], np.float32)
UNARY = ["Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor", "Gelu", "HardSigmoid", "HardSwish",
         "IsInf", "IsNaN", "Log", "Mish", "Neg", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Sinh", "Softplus", "Softsign", "Sqrt", "Tan", "Tanh"]


@pytest.mark.parametrize("length", [17, 5])  # vectors and what is left over; scalars too
def test_special_values(program, tmp_path, length):
    g = Graph(4, opset=22)
    x = g.input(SPECIAL[:length])
    for op in UNARY:
        g.output(g.op(op, x))
    g.output(g.op("Clip", x, g.weight(np.float32(-1)), g.weight(np.float32(2))))
    check(program, g, tmp_path, rtol=1e-5)


def test_pairs_of_special_values(program, tmp_path):
    """Each value with each."""
    g = Graph(5)
    a, b = (g.input(v.copy()) for v in np.meshgrid(SPECIAL, SPECIAL))
    for op in ("Add", "Sub", "Mul", "Div", "Max", "Min", "Pow", "Less", "Equal", "GreaterOrEqual", "PRelu"):
        g.output(g.op(op, a, b))
    g.output(g.op("Mod", a, b, fmod=1))
    for op in ("ReduceMax", "ReduceMin", "ReduceSum", "ReduceL2"):
        g.output(g.op(op, a, g.weight(np.array([0]))))
        g.output(g.op(op, a, g.weight(np.array([1]))))
    g.output(g.op("ArgMax", a, axis=1))
    check(program, g, tmp_path, rtol=1e-5)


def test_types(program, tmp_path):
    """Conversions and integers."""
    g = Graph(6)
    values = g.rng.uniform(-100, 100, (3, 37))
    x, i, u = g.input(values.astype(np.float32)), g.input(values.astype(np.int32)), g.input(np.abs(values).astype(np.uint8))
    for to in (2, 3, 5, 6, 7, 10, 11, 12, 13, 16):  # uint8, int8, int16, int32, int64, f16, f64, uint32, uint64, bf16
        for v in (x, i, u):
            if v != x or to not in (2, 12, 13):  # of negative numbers no unsigned ones
                g.output(g.op("Cast", g.op("Cast", v, to=to), to=1))
    half = g.op("Cast", x, to=10)
    g.output(g.op("MatMul", half, g.op("Transpose", half, perm=[1, 0])))
    for op in ("Add", "Mul", "Max"):
        g.output(g.op(op, i, g.op("Neg", i)))
    g.output(g.op("Div", i, g.weight(np.array([7], np.int32))))
    g.output(g.op("Mod", i, g.weight(np.array([-7], np.int32))))
    for axis in (0, 1):
        g.output(g.op("CumSum", x, g.weight(np.array(axis))))
    g.output(g.op("TopK", x, g.weight(np.array([5])), outputs=2)[1])
    check(program, g, tmp_path, scaled=1e-6)
