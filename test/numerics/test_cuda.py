"""Operators and models compiled for a GPU, on the PTX simulator: races, accesses outside and reads of what nothing wrote fail the run.

All other tests do the same with GIRIH_TEST_TARGET=cuda in the environment.
"""
import pathlib

import numpy as np
import pytest

from support import SIMULATOR, SOURCE, Graph, Refused, assert_close, check, compile_file, compile_model, girih, random_feeds, run_model


@pytest.fixture(autouse=True)
def simulator(monkeypatch):
    for name, value in SIMULATOR.items():
        monkeypatch.setenv(name, value)


def check_cuda(graph, *flags, **tolerances):
    check(graph, "--target=cuda", *flags, **tolerances)


@pytest.mark.parametrize("seed", range(4))
def test_products(seed):
    """Register tiles of every size, with rests; sizes that only a run knows; constants that are packed."""
    graph = Graph(seed)
    for many in (False, True):
        m, k, n = (int(v) for v in graph.rng.integers(1, 300 if many else 40, 3))
        x = graph.normal(m, k, dims=("m", k) if many and seed % 2 else None)
        graph.output(graph.op("MatMul", x, graph.normal_weight(k, n)))
        graph.output(graph.op("Gemm", x, graph.normal_weight(n, k), graph.normal_weight(n), transB=1, alpha=0.5))
        graph.output(graph.op("MatMul", x, graph.normal(2, k, n)))
    check_cuda(graph)


@pytest.mark.parametrize("seed", range(4))
def test_convolutions(seed):
    graph = Graph(100 + seed)
    for group, channels, filters in [(1, 5, 12), (1, 16, 33), (3, 6, 9), (24, 24, 24)]:
        kernel, stride, pad = int(graph.rng.integers(1, 5)), int(graph.rng.integers(1, 3)), int(graph.rng.integers(0, 2))
        x = graph.normal(2, channels, 15, 18, dims=(2, channels, "h", "w") if seed == 3 else None)
        y = graph.op("Conv", x, graph.normal_weight(filters, channels // group, kernel, kernel), graph.normal_weight(filters), group=group, strides=[stride] * 2,
                     pads=[pad] * 4)
        y = graph.op("Relu", y)
        graph.output(graph.op("MaxPool", y, kernel_shape=[3, 3], pads=[1] * 4))
    check_cuda(graph)


def test_reductions():
    """Rows of one to many, whole tensors, long ones that are split, and several values at once."""
    graph = Graph(7)
    for shape in [(3, 1), (5, 1000), (2, 300, 7)]:
        x = graph.normal(*shape)
        for op in ("ReduceSum", "ReduceMax", "ReduceMean", "ReduceL2"):
            graph.output(graph.op(op, x, graph.weight(np.array([-1])), keepdims=0))
        graph.output(graph.op("Softmax", x, axis=-1))
        graph.output(graph.op("LayerNormalization", x, graph.normal_weight(shape[-1]), graph.normal_weight(shape[-1]), axis=-1))
        graph.output(graph.op("ArgMax", x, axis=1, keepdims=0))
    x = graph.normal(1 << 19)
    graph.output(graph.op("ReduceMean", x, keepdims=0))
    graph.output(graph.op("ReduceMax", x, keepdims=0))
    check_cuda(graph, scaled=1e-5)


@pytest.mark.parametrize("dims", [None, ("b", 3, "s", 16)])
def test_attention(dims):
    """Scores and weights are in scratch memory."""
    graph = Graph(8)
    q, v = graph.normal(2, 3, 21, 16, dims=dims), graph.normal(2, 3, 21, 16, dims=dims)
    k = graph.op("Transpose", graph.normal(2, 3, 21, 16, dims=dims), perm=[0, 1, 3, 2])
    scores = graph.op("Mul", graph.op("MatMul", q, k), graph.weight(np.float32(0.25)))
    graph.output(graph.op("MatMul", graph.op("Softmax", scores, axis=-1), v))
    check_cuda(graph)


def test_movement():
    """Copies, several kernels that fill one tensor, borders."""
    graph = Graph(9)
    x, y = graph.normal(3, 10, 12), graph.normal(3, 4, 12)
    graph.output(graph.op("Concat", x, y, graph.op("Relu", x), axis=1))
    graph.output(graph.op("Transpose", x, perm=[2, 0, 1]))
    graph.output(graph.op("Pad", x, graph.weight(np.array([0, 1, 2, 1, 0, 3])), graph.weight(np.float32(7))))
    graph.output(graph.op("Pad", x, graph.weight(np.array([0, 1, 2, 0, 0, 3])), mode="reflect"))
    graph.output(graph.op("Slice", x, *(graph.weight(np.array(v)) for v in ([8, 1], [-20, 9], [1, 2], [-2, 3]))))
    graph.output(graph.op("Gather", x, graph.input(np.array([[1, -1], [0, 5]])), axis=1))
    graph.output(graph.op("Expand", graph.op("Unsqueeze", y, graph.weight(np.array([1]))), graph.weight(np.array([3, 2, 4, 12]))))
    graph.output(graph.op("Resize", graph.normal(1, 3, 7, 9), "", graph.weight(np.array([1, 1, 1.7, 2.5], np.float32)), mode="linear"))
    check_cuda(graph)


def test_serial_operators():
    """What is one thread's for a part of the tensor, or all of it."""
    graph = Graph(10)
    x = graph.normal(4, 30, 5)
    index = graph.rng.permutation(30)[:20].reshape(1, 20, 1) * np.ones((4, 1, 5), np.int64)
    graph.output(graph.op("ScatterElements", x, graph.input(index), graph.normal(4, 20, 5), axis=1))
    graph.output(graph.op("ScatterND", x, graph.input(np.array([[0, 3], [2, 29], [0, 3]])), graph.normal(3, 5), reduction="add"))
    graph.output(graph.op("CumSum", x, graph.weight(np.array(1))))
    graph.outputs.extend(graph.op("TopK", x, graph.weight(np.array([7])), axis=1, outputs=2))
    check_cuda(graph)


def test_elements():
    """Elementary functions, integers, booleans, and floats of 16 and 64 bits."""
    graph = Graph(11)
    x = graph.normal(777)
    for op in ("Exp", "Tanh", "Sigmoid", "Erf", "Sin", "Softplus", "Gelu" if graph.opset > 19 else "Elu", "Round", "Floor"):
        graph.output(graph.op(op, x))
    positive = graph.op("Abs", x)
    for op in ("Log", "Sqrt", "Reciprocal"):
        graph.output(graph.op(op, positive))
    graph.output(graph.op("Pow", positive, graph.normal(777)))
    i, j = (graph.input(graph.rng.integers(-1000, 1000, 500)) for _ in range(2))
    graph.output(graph.op("Mul", i, j))
    graph.output(graph.op("Mod", i, graph.op("Add", graph.op("Abs", j), graph.weight(np.int64(1)))))
    graph.output(graph.op("Where", graph.op("Less", i, j), i, j))
    graph.output(graph.op("Cast", graph.op("Less", i, j), to=1))
    half = graph.input(graph.rng.standard_normal(300).astype(np.float16))
    graph.output(graph.op("Add", half, half))
    check_cuda(graph, rtol=2e-5)


def test_doubles():
    """f64 functions, of which there is no library: a few units in the last place from libm's, which the CPU calls."""
    graph = Graph(12)
    x = graph.input(np.concatenate([graph.rng.standard_normal(500) * 10.0 ** graph.rng.integers(-8, 3, 500), [0, 1, -1, 700, -700, -750, 800, 1e-310]]))
    positive, unit = graph.op("Abs", x), graph.input(graph.rng.uniform(-1, 1, 508))
    for op, of in [("Exp", x), ("Log", positive), ("Sin", x), ("Cos", x), ("Tan", unit), ("Atan", x), ("Asin", unit), ("Acos", unit), ("Sinh", x), ("Cosh", x), ("Tanh", x),
                   ("Softmax", x)]:
        graph.output(graph.op(op, of))
    graph.output(graph.op("Pow", positive, unit))
    whole = graph.input(np.arange(-254.0, 254.0))
    graph.output(graph.op("Pow", graph.input(graph.rng.integers(-9, 9, 508).astype(np.float64)), graph.op("Mod", whole, graph.weight(np.float64(12)), fmod=1)))
    model = graph.model()
    assert_close(run_model(model, graph.feeds, "--target=cuda"), run_model(model, graph.feeds), rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_remainders(dtype):
    """Exact, whatever the quotient is, with C's signs of zeros."""
    rng, info = np.random.default_rng(13), np.finfo(dtype)
    special = np.array([0.0, -0.0, 1, -3, np.inf, np.nan, info.max, -info.max, info.tiny, info.smallest_subnormal, 1 / 3], dtype)
    x, y = (rng.choice([-1, 1], 800) * 2.0 ** rng.uniform(info.minexp - info.nmant, info.maxexp, 800) for _ in range(2))
    x, y = np.concatenate([x.astype(dtype), np.repeat(special, special.size)]), np.concatenate([y.astype(dtype), np.tile(special, special.size)])
    y[:100] = x[:100] * dtype(0.5)
    graph = Graph(13)
    result = graph.output(graph.op("Mod", graph.input(x), graph.input(y), fmod=1))
    got = run_model(graph.model(), graph.feeds, "--target=cuda")[result]
    with np.errstate(all="ignore"):
        want = np.fmod(x, y)
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(np.signbit(got[want == 0]), np.signbit(want[want == 0]))


def test_large_shifts():
    """By the width and more: PTX has an amount's low 32 bits only."""
    graph, want = Graph(14), []
    for dtype in (np.uint8, np.uint32, np.uint64):
        width = np.dtype(dtype).itemsize * 8
        amounts = np.array([0, 1, width - 1, width, width + 1, np.iinfo(dtype).max, 2**32 % (1 << width), (2**40 + 3) % (1 << width)], dtype)
        x, n = graph.input(np.full(amounts.size, np.iinfo(dtype).max, dtype)), graph.input(amounts)
        for direction in ("LEFT", "RIGHT"):
            graph.output(graph.op("BitShift", x, n, direction=direction))
            most, shifts = np.iinfo(dtype).max, [min(int(a), width) for a in amounts]
            want.append([(most << a) & most if direction == "LEFT" else most >> a for a in shifts])
    for got, expected in zip(run_model(graph.model(), graph.feeds, "--target=cuda").values(), want):
        assert got.tolist() == expected


def test_powers_of_doubles():
    """Up to the largest double; whole numbers of whole numbers and squares."""
    graph = Graph(15)
    x, y = np.array([[255, 127.5], [256, 128], [256, 127.9999], [3.7, 540.0123], [1e-5, -61.2345], [1e-5, 64.25], [4, 1.5], [9, -0.5], [2**62, 0.5], [0, 0.5], [0, -1.5], [np.inf, 2.5],
                     [-8, 3], [-8, 0.5], [-np.inf, 0.5]], np.float64).T
    result = graph.output(graph.op("Pow", graph.input(x), graph.input(y)))
    got = run_model(graph.model(), graph.feeds, "--target=cuda")[result]
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(got, np.power(x, y), rtol=1e-14)
    np.testing.assert_array_equal(got[6:9], [8, 1 / 3, 2.0**31])


def test_many_parameters(tmp_path):
    """PTX has room for some 500 parameters of a kernel, since version 8.1 for some 4000."""
    texts = []
    for count in (400, 600):
        graph = Graph(16)
        graph.output(graph.op("Concat", *(graph.normal(1, 2) for _ in range(count)), axis=1))
        check_cuda(graph)
        path = compile_model(graph.model(), tmp_path, "--target=cuda", "--emit=ptx")
        texts.append(pathlib.Path(path).read_text())
    assert ".version 7.0" in texts[0] and ".version 8.1" in texts[1]
    graph = Graph(16)
    graph.output(graph.op("Concat", *(graph.input(np.zeros(1, np.uint8)) for _ in range(4095)), axis=0))
    with pytest.raises(Refused, match="a kernel for a GPU has at most 4095 tensors and sizes"):
        run_model(graph.model(), graph.feeds, "--target=cuda")


@pytest.mark.parametrize("name", ["mlp", "convnet", "transformer"])
def test_models(name, tmp_path):
    """This repository's models, as on a CPU but for rounding; with several modules, of which the GPU takes one."""
    path = SOURCE / "models" / f"{name}.json"
    device = girih.load(compile_file(path, tmp_path / "cuda.so", "--target=cuda", "--sm=75,80"))
    host = girih.load(compile_file(path, tmp_path / "cpu.so"))
    rng = np.random.default_rng(0)
    for size in (1, 5):
        feeds = random_feeds(host, rng, size)
        assert_close(device.run(feeds), host.run(feeds), rtol=1e-5, scaled=1e-5)
