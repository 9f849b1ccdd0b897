"""Products and convolutions on tensor cores, run by the PTX simulator, which reports races and reads of what nothing wrote: f16 and bf16 operands, sums in f32."""
import ml_dtypes
import numpy as np
import pytest

from support import SIMULATOR, Graph, assert_close, girih, girih_command, compile_model, reference

F16, BF16 = np.dtype(np.float16), np.dtype(ml_dtypes.bfloat16)
# Of the largest value: the operands are exact, the result is rounded once.
TOLERANCES = {F16: 1e-3, BF16: 8e-3}


@pytest.fixture(autouse=True)
def simulator(monkeypatch):
    for name, value in SIMULATOR.items():
        monkeypatch.setenv(name, value)


class Halves(Graph):
    """A graph whose values are of 16 bits; `wide` is the same graph of the same values in f32, which is the reference."""

    def __init__(self, seed, dtype):
        super().__init__(seed)
        self.dtype, self.wide = np.dtype(dtype), Graph(seed)

    def normal(self, *shape, dims=None):
        value = self.rng.standard_normal(shape).astype(self.dtype)
        self.wide.input(value.astype(np.float32), dims)
        return self.input(value, dims)

    def normal_weight(self, *shape):
        value = (self.rng.standard_normal(shape) / 4).astype(self.dtype)
        self.wide.weight(value.astype(np.float32))
        return self.weight(value)

    def op(self, op_type, *inputs, **attributes):
        self.wide.op(op_type, *inputs, **attributes)
        return super().op(op_type, *inputs, **attributes)

    def output(self, name):
        self.wide.output(name)
        return super().output(name)

    def check(self, tmp_path, *flags, products):
        """`products`: as many kernels are planned for tensor cores."""
        path = compile_model(self.model(), str(tmp_path), "--target=cuda", *flags)
        plan = girih_command("compile", path.replace(".so", ".onnx"), "--target=cuda", "--stop-after=plan", *flags).stdout
        assert plan.count("mma = <") == products
        got = girih.load(path).run(self.feeds)
        want = reference(self.wide.model(), self.wide.feeds)
        assert_close({k: v.astype(np.float32) for k, v in got.items()}, want, rtol=0, atol=1e-6, scaled=TOLERANCES[self.dtype])


@pytest.mark.parametrize("dtype", [F16, BF16], ids=str)
@pytest.mark.parametrize("seed", range(6))
def test_products(seed, dtype, tmp_path):
    """Sizes that are multiples of 8, 4, 2 and 1, operands either way around, constants and not, batches, and what follows."""
    graph = Halves(seed, dtype)
    rng = np.random.default_rng(1000 + seed)
    unit = [8, 8, 4, 4, 2, 1][seed]
    m, k, n = (int(v) * unit for v in rng.integers(8 // unit + 1, 200 // unit, 3))
    names = ("m", "n") if seed % 2 else ()
    rows = ("m", k) if names else None
    x = graph.normal(m, k, dims=rows)
    graph.output(graph.op("MatMul", x, graph.normal_weight(k, n)))
    graph.output(graph.op("MatMul", x, graph.normal(k, n, dims=(k, "n") if names else None)))
    product = graph.op("Gemm", x, graph.normal_weight(n, k), graph.normal_weight(n), transB=1)
    graph.output(graph.op("Relu", graph.op("Add", product, graph.normal(m, n, dims=("m", n) if names else None))))
    graph.output(graph.op("Gemm", graph.normal(k, m), graph.normal_weight(k, n), transA=1))
    a, b = graph.normal(2, 3, m, k), graph.normal(2, 3, n, k)
    graph.output(graph.op("MatMul", a, graph.op("Transpose", b, perm=[0, 1, 3, 2])))
    graph.check(tmp_path, *[f"--guess={name}=100" for name in names], products=5)


@pytest.mark.parametrize("m,k,n", [(8, 8, 8), (16, 16, 16), (17, 1000, 9), (129, 16, 257), (64, 2048, 24), (300, 40, 264)])
def test_tiles(m, k, n, tmp_path):
    """Parts of a tile, one step and many, more steps than buffers and fewer."""
    graph = Halves(50, F16)
    graph.output(graph.op("MatMul", graph.normal(m, k), graph.normal(k, n)))
    graph.check(tmp_path, products=1)


@pytest.mark.parametrize("dtype", [F16, BF16], ids=str)
@pytest.mark.parametrize("seed", range(4))
def test_convolutions(seed, dtype, tmp_path):
    """Windows, steps, borders and groups; images whose size only a run knows."""
    graph = Halves(100 + seed, dtype)
    kernel, stride, pad, dilation = [(1, 1, 0, 1), (3, 1, 1, 1), (3, 2, 1, 1), (5, 2, 2, 2)][seed]
    for group, channels, filters in [(1, 24, 40), (1, 32, 33), (2, 16, 32)]:
        x = graph.normal(2, channels, 15, 18, dims=(2, channels, "h", "w") if seed == 3 else None)
        y = graph.op("Conv", x, graph.normal_weight(filters, channels // group, kernel, kernel), graph.normal_weight(filters), group=group,
                     strides=[stride] * 2, pads=[pad] * 4, dilations=[dilation] * 2)
        graph.output(graph.op("Relu", y))
    graph.check(tmp_path, products=3)


@pytest.mark.parametrize("seed", range(4))
def test_tf32(seed, tmp_path):
    """Products of f32 whose factors are rounded to ten bits, to the nearest."""
    graph = Graph(200 + seed)
    unit = [4, 4, 2, 1][seed]
    m, k, n = (int(v) * unit for v in graph.rng.integers(8 // unit + 1, 160 // unit, 3))
    round_off = lambda v: (np.asarray(v, np.float32).view(np.uint32) + 0x1000 & 0xFFFFE000).view(np.float32)
    x, w, v = (graph.rng.standard_normal(shape).astype(np.float32) for shape in [(2, m, k), (k, n), (n, k)])
    graph.output(graph.op("MatMul", graph.input(x), graph.weight(w)))
    graph.output(graph.op("MatMul", graph.input(x), graph.op("Transpose", graph.input(v), perm=[1, 0])))
    graph.output(graph.op("MatMul", graph.op("Transpose", graph.input(np.ascontiguousarray(x.transpose(0, 2, 1))), perm=[0, 2, 1]), graph.weight(w)))
    path = compile_model(graph.model(), str(tmp_path), "--target=cuda", "--precision=tf32")
    plan = girih_command("compile", path.replace(".so", ".onnx"), "--target=cuda", "--precision=tf32", "--stop-after=plan").stdout
    assert plan.count("mma = <") == 3
    got = girih.load(path).run(graph.feeds)
    a, b, c = (round_off(t).astype(np.float64) for t in (x, w, v))
    for name, want in zip(graph.outputs, [a @ b, a @ c.T, a @ b]):
        np.testing.assert_allclose(got[name], want, rtol=0, atol=2e-6 * np.abs(want).max())


def test_values_that_are_no_numbers(tmp_path):
    """NaN and infinities stay in their rows and columns; what is beyond the end of an operand is not there."""
    x, w = np.ones((40, 50), F16), np.ones((50, 30), F16)
    x[3, 7], x[5, 0], w[49, 29] = np.nan, np.inf, -np.inf
    graph = Graph(0)
    graph.output(graph.op("MatMul", graph.input(x), graph.input(w)))
    path = compile_model(graph.model(), str(tmp_path), "--target=cuda")
    got = girih.load(path).run(graph.feeds)[graph.outputs[0]]
    with np.errstate(invalid="ignore"):
        want = (x.astype(np.float32) @ w.astype(np.float32)).astype(F16)
    np.testing.assert_array_equal(got, want)


def test_nothing_to_add(tmp_path):
    """An empty reduction is 0, an empty result is no work."""
    graph = Graph(0)
    x = graph.input(np.zeros((20, 0), F16), ("m", "k"))
    graph.output(graph.op("MatMul", x, graph.input(np.zeros((0, 24), F16), ("k", 24))))
    path = compile_model(graph.model(), str(tmp_path), "--target=cuda", "--guess=k=64")
    model = girih.load(path)
    np.testing.assert_array_equal(model.run(graph.feeds)[graph.outputs[0]], np.zeros((20, 24), F16))
    empty = {"x0": np.zeros((0, 16), F16), "x1": np.zeros((16, 24), F16)}
    assert model.run(dict(zip(graph.feeds, empty.values())))[graph.outputs[0]].shape == (0, 24)
