"""--precision: models of f32 in f16 and bf16, on the PTX simulator, against f32 on the CPU."""
import numpy as np
import pytest

from support import SIMULATOR, SOURCE, Graph, assert_close, compile_file, compile_model, girih, random_feeds, reference, run_model

# Units in the last place of a value near 1.
UNIT = {"f16": 2.0**-10, "bf16": 2.0**-7, "tf32": 2.0**-10}


@pytest.fixture(autouse=True)
def simulator(monkeypatch):
    for name, value in SIMULATOR.items():
        monkeypatch.setenv(name, value)


def run_narrow(graph, precision, *flags):
    return run_model(graph.model(), graph.feeds, "--target=cuda", f"--precision={precision}", *flags)


def check_narrow(graph, precision, *flags, units=4):
    """As ONNX Runtime in f32, but for some units of the precision in relation to the largest value; finite where that is finite."""
    want = reference(graph.model(), graph.feeds)
    assert_close(run_narrow(graph, precision, *flags), want, rtol=units * UNIT[precision], scaled=units * UNIT[precision])


@pytest.mark.parametrize("precision", ["f16", "bf16", "tf32"])
@pytest.mark.parametrize("seed", range(3))
def test_products(seed, precision):
    """Odd sizes, sizes that only a run knows, batches, an epilogue with a residual; a result that more than one kernel reads."""
    graph = Graph(seed)
    m, k, n = (int(v) for v in graph.rng.integers(1, 90, 3))
    x = graph.normal(m, k, dims=("m", k) if seed == 2 else None)
    h = graph.op("Relu", graph.op("Gemm", x, graph.normal_weight(n, k), graph.normal_weight(n), transB=1))
    y = graph.op("Add", graph.op("MatMul", h, graph.normal_weight(n, n)), h)
    graph.output(graph.op("Sigmoid", y))
    graph.output(graph.op("MatMul", x, graph.normal(2, k, n)))
    check_narrow(graph, precision, units=16)


@pytest.mark.parametrize("precision", ["f16", "bf16"])
def test_convolutions(precision):
    """Grouped, depthwise and dilated ones, pads, pools, a concatenation; the input is padded before it is a product's."""
    graph = Graph(20)
    x = graph.normal(2, 6, 15, 17, dims=(2, 6, "h", "w"))
    a = graph.op("Relu", graph.op("Conv", x, graph.normal_weight(9, 2, 3, 3), graph.normal_weight(9), group=3, pads=[1] * 4))
    b = graph.op("Conv", a, graph.normal_weight(9, 1, 3, 3), group=9, pads=[2] * 4, dilations=[2, 2])
    c = graph.op("Concat", a, b, axis=1)
    d = graph.op("MaxPool", graph.op("Conv", c, graph.normal_weight(20, 18, 1, 1)), kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    graph.output(graph.op("ConvTranspose", d, graph.normal_weight(20, 5, 2, 2), strides=[2, 2]))
    graph.output(graph.op("GlobalAveragePool", d))
    check_narrow(graph, precision, units=8)


def attention(graph, bias, apart):
    """Scores of 3 heads with `bias` added; `apart` has them in memory before the softmax."""
    q, k, v = (graph.normal(2, 3, 7, 16) for _ in range(3))
    scores = graph.op("MatMul", q, graph.op("Transpose", k, perm=[0, 1, 3, 2]))
    scores = graph.op("Add", graph.op("Mul", scores, graph.weight(np.float32(0.25))), bias)
    if apart:
        graph.output(scores)
    graph.output(graph.op("MatMul", graph.op("Softmax", scores, axis=-1), v))


@pytest.mark.parametrize("precision", ["f16", "bf16"])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("low", [-3.4028235e38, -1e9, -10000.0])
def test_masks(low, apart, precision):
    """What is masked gets nothing, and a row of which all is masked no NaN: neither from one such mask nor from two added, which f32 itself cannot for the lowest number."""
    graph = Graph(21)
    keep = graph.rng.integers(0, 2, (2, 1, 7, 7))
    keep[..., 0], keep[1, 0, 3] = 1, 0
    mask = graph.op("Sub", graph.weight(np.float32(1)), graph.op("Cast", graph.input(keep), to=1))
    mask = graph.op("Mul", mask, graph.weight(np.float32(low)))
    attention(graph, mask, apart)
    if low == -1e9:
        attention(graph, graph.op("Add", mask, mask), apart)
    got = run_narrow(graph, precision)
    want = reference(graph.model(), graph.feeds)
    assert all(np.isfinite(v).all() for v in got.values())
    for name in want:
        if want[name].shape[-1] == 16:
            np.testing.assert_allclose(got[name], want[name], atol=16 * UNIT[precision])


@pytest.mark.parametrize("precision", ["f16", "bf16"])
@pytest.mark.parametrize("low", [-3.4028235e38, -np.inf])
def test_masks_of_data(low, precision):
    """Masked scores that are stored before a softmax which is not in their kernel; the mask is no tensor of its own."""
    graph = Graph(22)
    keep = graph.rng.integers(0, 2, (4, 9)).astype(bool)
    keep[:, 2], keep[3] = True, low == -np.inf
    scores = graph.op("MatMul", graph.normal(4, 5), graph.normal_weight(5, 9))
    scores = graph.op("Where", graph.input(keep), scores, graph.weight(np.float32(low)))
    scores = graph.op("CumSum", graph.op("Softmax", graph.op("Concat", scores, scores, axis=1), axis=-1), graph.weight(np.int64(1)))
    graph.output(scores)
    check_narrow(graph, precision)


@pytest.mark.parametrize("precision", ["f16", "bf16"])
def test_small_and_large_numbers(precision):
    """Epsilons that f16 has none of, logarithms of what it would round to 0, factors and sums beyond its range."""
    graph = Graph(23)
    x = graph.op("Tanh", graph.normal(5, 40))
    norm = graph.op("Sqrt", graph.op("Add", graph.op("ReduceSum", graph.op("Mul", x, x), graph.weight(np.array([1]))), graph.weight(np.float32(1e-12))))
    graph.output(graph.op("Div", x, norm))
    for size in (1e-5, 1e3):
        y = graph.op("Mul", x, graph.weight(np.float32(size)))
        length = graph.op("ReduceL2", y, graph.weight(np.array([1])))
        graph.output(graph.op("Mul", graph.op("Div", y, length), graph.op("Reciprocal", graph.op("ReduceSumSquare", x, graph.weight(np.array([1]))))))
    graph.output(graph.op("Log", graph.op("Add", graph.op("Relu", x), graph.weight(np.float32(1e-10)))))
    graph.output(graph.op("Mul", graph.op("Mul", x, graph.weight(np.float32(1e6))), graph.weight(np.float32(1e-6))))
    scale = np.geomspace(1e-9, 1e9, 40).astype(np.float32)
    graph.output(graph.op("Mul", graph.op("Mul", x, graph.weight(scale)), graph.weight(1 / scale)))
    graph.output(graph.op("LayerNormalization", graph.op("Mul", x, graph.weight(np.float32(300))), graph.normal_weight(40), epsilon=1e-12))
    check_narrow(graph, precision)


def test_overflows():
    """A tensor between kernels saturates, a weight of a product too; what leaves the model does not."""
    graph = Graph(24)
    x = graph.input(np.full((2, 8), 20, np.float32))
    y = graph.op("MatMul", x, graph.weight(np.full((8, 8), 1e6, np.float32)))
    graph.output(graph.op("MatMul", y, graph.weight(np.eye(8, dtype=np.float32))))
    graph.output(graph.op("Softmax", y))
    graph.output(graph.op("Exp", x))
    products, shares, exponentials = run_narrow(graph, "f16").values()
    np.testing.assert_array_equal(products, np.full((2, 8), 65504))
    np.testing.assert_array_equal(shares, np.full((2, 8), 0.125))
    np.testing.assert_allclose(exponentials, np.full((2, 8), np.exp(20.0)), rtol=1e-6)


@pytest.mark.parametrize("precision", ["f16", "bf16"])
def test_positions(precision):
    """Positions beyond 2048 and what is computed from them are exact until they meet data; counts and running sums are."""
    graph = Graph(25)
    frequencies = graph.weight((10000.0 ** -np.linspace(0, 1, 4, dtype=np.float32))[None])
    n = graph.op("Range", graph.weight(np.int64(0)), graph.weight(np.int64(5000)), graph.weight(np.int64(1)))
    for positions in (n, graph.input(np.arange(5000)), graph.input(np.arange(5000, dtype=np.int32), ("n",))):
        column = graph.op("Unsqueeze", graph.op("Cast", positions, to=1), graph.weight(np.array([1])))
        for angles in (graph.op("MatMul", column, frequencies), graph.op("Mul", column, frequencies)):
            rotated = graph.op("Mul", graph.op("Cos", angles), graph.normal(5000, 4))
            graph.output(graph.op("Mul", rotated, graph.weight(np.float32(2))))
    ones = graph.op("Cast", graph.input(np.ones((1, 5000), np.int64)), to=1)
    mean = graph.op("Div", graph.op("ReduceSum", rotated, graph.weight(np.array([0]))), graph.op("ReduceSum", ones, graph.weight(np.array([1]))))
    graph.output(mean)
    graph.output(graph.op("CumSum", graph.op("Sigmoid", graph.normal(1, 5000)), graph.weight(np.int64(1))))
    check_narrow(graph, precision, units=2)


@pytest.mark.parametrize("dtype", [np.float16, "bfloat16"])
def test_native(dtype):
    """Models of 16 bits are what they were: as on the CPU but for the order of additions."""
    import ml_dtypes

    dtype = np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    graph = Graph(26)

    def weight(*shape):
        return graph.weight(graph.rng.standard_normal(shape).astype(dtype))

    x = graph.input(graph.rng.standard_normal((2, 5, 33)).astype(dtype))
    y = graph.op("Relu", graph.op("Add", graph.op("MatMul", x, weight(33, 24)), weight(24)))
    graph.output(graph.op("Softmax", graph.op("MatMul", y, weight(24, 7)), axis=-1))
    image = graph.input(graph.rng.standard_normal((1, 6, 9, 9)).astype(dtype))
    graph.output(graph.op("Conv", image, weight(8, 3, 3, 3), weight(8), group=2, pads=[1] * 4))
    model = graph.model()
    unit = 2.0**-10 if dtype == np.float16 else 2.0**-7
    host = run_model(model, graph.feeds)
    assert_close(run_model(model, graph.feeds, "--target=cuda"), host, rtol=unit, scaled=unit)
    assert_close(run_model(model, graph.feeds, "--target=cuda", "--precision=f16"), host, rtol=unit, scaled=unit)


@pytest.mark.parametrize("precision", ["f16", "bf16", "tf32"])
@pytest.mark.parametrize("name", ["mlp", "convnet", "transformer"])
def test_models(name, precision, tmp_path):
    """This repository's models, at two sizes; weights take half the memory."""
    path = SOURCE / "models" / f"{name}.json"
    artifact = compile_file(path, tmp_path / "cuda.so", "--target=cuda", f"--precision={precision}")
    device, host = girih.load(artifact), girih.load(compile_file(path, tmp_path / "cpu.so"))
    rng = np.random.default_rng(0)
    for size in (1, 5):
        feeds = random_feeds(host, rng, size)
        assert_close(device.run(feeds), host.run(feeds), rtol=16 * UNIT[precision], scaled=16 * UNIT[precision])


def test_python_keyword(tmp_path):
    """girih.compile takes it as any other option."""
    graph = Graph(27)
    graph.output(graph.op("Relu", graph.normal(3)))
    model = compile_model(graph.model(), tmp_path, "--target=cuda")
    out = girih.compile(tmp_path / "model.onnx", tmp_path / "narrow.so", target="cuda", precision="f16")
    assert_close(girih.load(out).run(graph.feeds), girih.load(model).run(graph.feeds))
    with pytest.raises(girih.CompileError, match="--target=cuda takes f16, bf16 and tf32"):
        girih.compile(tmp_path / "model.onnx", tmp_path / "narrow.so", precision="f16")
