"""Convolutions, pools and matrix products over seeded random configurations with odd sizes, against ONNX Runtime.

Several configurations share a model, so that a run of all stays short; a failing output carries its node's name.
"""
import platform

import numpy as np
import pytest

from support import Graph, assert_close, check, compile_file, compile_model, girih, of_cpus, reference


def window(rng, rank, sizes, kernel_max=4):
    """Random kernel, strides, dilations and pads that leave at least one output element."""
    while True:
        kernel = rng.integers(1, kernel_max + 1, rank)
        dilations = rng.choice([1, 1, 2, 3], rank)
        strides = rng.integers(1, 4, rank)
        pads = rng.integers(0, 3, 2 * rank)
        extent = (kernel - 1) * dilations + 1
        if np.all(sizes + pads[:rank] + pads[rank:] >= extent):
            return kernel.tolist(), strides.tolist(), dilations.tolist(), pads.tolist()


def conv(graph, rank, kind):
    rng = graph.rng
    sizes = rng.integers(3, (40, 14, 7)[rank - 1], rank)
    kernel, strides, dilations, pads = window(rng, rank, sizes)
    if kind == "grouped":
        group = int(rng.integers(2, 5))
        channels, filters = group * int(rng.integers(1, 9)), group * int(rng.integers(1, 9))
    elif kind == "depthwise":
        group = channels = filters = int(rng.integers(1, 41))
    elif kind == "multiplier":
        group = channels = int(rng.integers(2, 12))
        filters = 2 * channels
    else:
        group, channels, filters = 1, int(rng.integers(1, 40)), int(rng.integers(1, 70))
    x = graph.normal(int(rng.integers(1, 3)), channels, *sizes.tolist())
    inputs = [x, graph.normal_weight(filters, channels // group, *kernel)]
    if rng.integers(2):
        inputs.append(graph.normal_weight(filters))
    return graph.op("Conv", *inputs, kernel_shape=kernel, strides=strides, dilations=dilations, pads=pads, group=group)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["dense", "grouped", "depthwise", "multiplier"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_conv(rank, kind, seed):
    graph = Graph(1000 * rank + seed)
    for _ in range(5):
        graph.output(conv(graph, rank, kind))
    check(graph)


@pytest.mark.parametrize("shape", [(1, 64, 56, 56, 64, 3, 1, 1), (1, 3, 65, 63, 32, 7, 2, 3), (1, 96, 14, 14, 24, 1, 1, 0),
                                   (1, 17, 30, 31, 129, 5, 2, 2), (2, 256, 7, 7, 40, 3, 1, 1), (1, 1, 33, 33, 1, 3, 1, 0)])
def test_conv_of_networks(shape):
    n, c, h, w, m, k, stride, pad = shape
    graph = Graph(5)
    y = graph.op("Conv", graph.normal(n, c, h, w), graph.normal_weight(m, c, k, k), graph.normal_weight(m),
                 strides=[stride, stride], pads=[pad] * 4)
    graph.output(graph.op("Relu", y))
    check(graph)


def convolve(x, w, bias):
    """A convolution of 3x3 with a border of zeros, in double precision."""
    padded = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (1, 1), (1, 1)])
    h, width = x.shape[2:]
    windows = [np.einsum("nchw,mc->nmhw", padded[:, :, i:i + h, j:j + width], w[:, :, i, j].astype(np.float64), optimize=True) for i in range(3) for j in range(3)]
    return sum(windows) + bias.astype(np.float64)[:, None, None]


@of_cpus
@pytest.mark.parametrize("flags", [(), ("--cpu=x86-64-v3",), ("--cpu=x86-64-v2",), ("--naive",), ("--no-winograd",)], ids=" ".join)
@pytest.mark.parametrize("epilogue", ["none", "relu", "silu", "sum"])
@pytest.mark.parametrize("shape", [(1, 33, 12, 8, 47), (2, 20, 9, 16, 33), (1, 64, 10, 14, 40), (1, 32, 4, 80, 16), (3, 32, 13, 15, 100)])
def test_winograd(shape, epilogue, flags, tmp_path):
    """Tiles of both sizes, whole ones and such as go beyond the edge, against double precision."""
    if platform.machine() != "x86_64" and any("x86" in f for f in flags):
        pytest.skip("not this machine's instructions")
    n, c, h, w, m = shape
    graph = Graph(9)
    x = graph.normal(n, c, h, w)
    weights, bias = ((0.1 * graph.rng.standard_normal(s)).astype(np.float32) for s in ((m, c, 3, 3), (m,)))
    y = graph.op("Conv", x, graph.weight(weights), graph.weight(bias), pads=[1] * 4)
    want = convolve(graph.feeds[x], weights, bias)
    if epilogue == "relu":
        y, want = graph.op("Relu", y), np.maximum(want, 0)
    if epilogue == "silu":
        y, want = graph.op("Mul", y, graph.op("Sigmoid", y)), want / (1 + np.exp(-want))
    if epilogue == "sum":
        other = graph.normal(n, m, h, w)
        y, want = graph.op("Add", y, other), want + graph.feeds[other]
    graph.output(y)
    model = graph.model()
    plan = tmp_path / "graph.mlir"
    artifact = compile_model(model, tmp_path, *flags)
    compile_file(tmp_path / "model.onnx", plan, *flags, "--stop-after=graph")
    assert ("winograd_conv" in plan.read_text()) == ("--no-winograd" not in flags)
    got, other = (girih.load(artifact, threads=t).run(graph.feeds)[y] for t in (1, 2))
    assert np.abs(got - want).max() <= 2e-6 * np.abs(want).max()
    assert got.tobytes() == other.tobytes(), "more threads, other bits"


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER", "VALID"])
def test_conv_auto_pad(auto_pad):
    graph = Graph(11)
    for size, k, s in [(9, 3, 2), (10, 4, 3), (7, 2, 1), (8, 3, 2)]:
        x = graph.normal(1, 3, size, size + 1)
        graph.output(graph.op("Conv", x, graph.normal_weight(5, 3, k, k), strides=[s, s], auto_pad=auto_pad))
        graph.output(graph.op("MaxPool", x, kernel_shape=[k, k], strides=[s, s], auto_pad=auto_pad))
        graph.output(graph.op("AveragePool", x, kernel_shape=[k, k], strides=[s, s], auto_pad=auto_pad))
    check(graph)


@pytest.mark.parametrize("kind", ["conv", "depthwise"])
def test_conv_chain(kind):
    """A stem, bottlenecks with residual sums, and a head: what grouping and layouts have to get right together."""
    graph = Graph(21)
    x = graph.normal(1, 3, 37, 41)
    y = graph.op("Relu", graph.op("Conv", x, graph.normal_weight(16, 3, 3, 3), graph.normal_weight(16), strides=[2, 2], pads=[1] * 4))
    for _ in range(3):
        z = graph.op("Conv", y, graph.normal_weight(24, 16, 1, 1), graph.normal_weight(24))
        z = graph.op("HardSwish", z)
        group = 24 if kind == "depthwise" else 1
        z = graph.op("Conv", z, graph.weight(0.2 * graph.rng.standard_normal((24, 24 // group, 3, 3)).astype(np.float32)), pads=[1] * 4, group=group)
        z = graph.op("BatchNormalization", z, graph.weight(graph.rng.random(24, np.float32) + 0.5), graph.normal_weight(24), graph.normal_weight(24),
                     graph.weight(graph.rng.random(24, np.float32) + 0.5))
        z = graph.op("Relu", z)
        z = graph.op("Conv", z, graph.weight(0.2 * graph.rng.standard_normal((16, 24, 1, 1)).astype(np.float32)))
        y = graph.op("Add", y, z)
    y = graph.op("Flatten", graph.op("GlobalAveragePool", y))
    graph.output(graph.op("Softmax", graph.op("Gemm", y, graph.normal_weight(10, 16), graph.normal_weight(10), transB=1), axis=-1))
    check(graph)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_conv_transpose(rank, seed):
    graph = Graph(2000 * rank + seed)
    rng = graph.rng
    for _ in range(4):
        sizes = rng.integers(2, (20, 9, 5)[rank - 1], rank).tolist()
        kernel, strides = rng.integers(1, 5, rank), rng.integers(1, 4, rank)
        dilations = rng.choice([1, 2], rank)
        group = int(rng.choice([1, 1, 2, 3]))
        extent = (kernel - 1) * dilations + 1
        pads = [int(rng.integers(0, e)) // 2 for e in [*extent, *extent]]
        out_pad = [int(rng.integers(0, max(s, d))) if s > 1 else 0 for s, d in zip(strides, dilations)]
        if any(s * (n - 1) + e + o - pads[i] - pads[i + rank] < 1 for i, (s, n, e, o) in enumerate(zip(strides, sizes, extent, out_pad))):
            pads = [0] * 2 * rank
        channels, filters = group * int(rng.integers(1, 9)), int(rng.integers(1, 12))
        inputs = [graph.normal(int(rng.integers(1, 3)), channels, *sizes), graph.normal_weight(channels, filters, *kernel.tolist())]
        if rng.integers(2):
            inputs.append(graph.normal_weight(group * filters))
        graph.output(graph.op("ConvTranspose", *inputs, kernel_shape=kernel.tolist(), strides=strides.tolist(), dilations=dilations.tolist(),
                              pads=pads, output_padding=out_pad, group=group))
    check(graph)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_pools(rank, seed):
    graph = Graph(3000 * rank + seed)
    rng = graph.rng
    for _ in range(3):
        sizes = rng.integers(4, (40, 15, 8)[rank - 1], rank)
        kernel, strides = rng.integers(2, 4, rank), rng.integers(1, 4, rank)
        pads = [int(rng.integers(0, k)) for k in [*kernel, *kernel]]
        x = graph.normal(int(rng.integers(1, 3)), int(rng.integers(1, 37)), *sizes.tolist())
        window = dict(kernel_shape=kernel.tolist(), strides=strides.tolist(), pads=pads)
        graph.output(graph.op("MaxPool", x, **window))
        graph.output(graph.op("AveragePool", x, **window, count_include_pad=int(rng.integers(2))))
        graph.output(graph.op("MaxPool", x, **window, ceil_mode=1))
        graph.output(graph.op("GlobalAveragePool", x))
        graph.output(graph.op("GlobalMaxPool", x))
    check(graph)


def shapes(rng):
    m, n, k = (int(v) for v in rng.choice([1, 2, 3, 5, 8, 13, 16, 17, 31, 33, 64, 100], 3))
    return m, n, k


@pytest.mark.parametrize("seed", range(4))
def test_matmul(seed):
    """Batched, broadcast, vectors on either side, constant and computed operands."""
    graph = Graph(4000 + seed)
    rng = graph.rng
    for _ in range(4):
        m, n, k = shapes(rng)
        graph.output(graph.op("MatMul", graph.normal(m, k), graph.normal_weight(k, n)))
        graph.output(graph.op("MatMul", graph.normal(3, m, k), graph.normal(3, k, n)))
        graph.output(graph.op("MatMul", graph.normal(2, 1, m, k), graph.normal(3, k, n)))
        graph.output(graph.op("MatMul", graph.normal(k), graph.normal_weight(k, n)))
        graph.output(graph.op("MatMul", graph.normal(m, k), graph.normal_weight(k)))
        graph.output(graph.op("MatMul", graph.normal(k), graph.normal(k)))
        swapped = graph.op("Transpose", graph.normal(2, n, k), perm=[0, 2, 1])
        graph.output(graph.op("MatMul", graph.normal(2, m, k), swapped))
    check(graph)


@pytest.mark.parametrize("seed", range(3))
def test_gemm(seed):
    graph = Graph(5000 + seed)
    rng = graph.rng
    for trans_a in (0, 1):
        for trans_b in (0, 1):
            m, n, k = shapes(rng)
            a = graph.normal(*((k, m) if trans_a else (m, k)))
            b_shape = (n, k) if trans_b else (k, n)
            b = graph.normal_weight(*b_shape) if rng.integers(2) else graph.normal(*b_shape)
            bias = graph.normal_weight(*[(n,), (1, n), (m, 1), (m, n), ()][int(rng.integers(5))])
            graph.output(graph.op("Gemm", a, b, bias, transA=trans_a, transB=trans_b, alpha=0.5, beta=1.5))
            graph.output(graph.op("Gemm", a, b, transA=trans_a, transB=trans_b))
    check(graph)


def test_matmul_sizes_at_the_tiles_edges():
    graph = Graph(6)
    for m, n, k in [(1, 1, 1), (1, 1000, 512), (13, 31, 7), (12, 32, 256), (97, 65, 129), (197, 192, 64), (128, 1, 300), (3, 513, 2)]:
        y = graph.op("MatMul", graph.normal(m, k), graph.normal_weight(k, n))
        graph.output(graph.op("Add", y, graph.normal_weight(n)))
    check(graph)


@pytest.mark.parametrize("equation,shapes", [
    ("ij,jk->ik", [(3, 5), (5, 7)]), ("bij,bjk->bik", [(2, 3, 5), (2, 5, 7)]), ("bhqd,bhkd->bhqk", [(1, 2, 4, 8), (1, 2, 6, 8)]),
    ("i,i->", [(9,), (9,)]), ("ij->ji", [(3, 4)]), ("ijk->i", [(3, 4, 5)]), ("ii->i", [(4, 4)]), ("bi,bj->bij", [(2, 3), (2, 4)]),
    ("...ij,...jk->...ik", [(2, 2, 3, 4), (2, 2, 4, 5)]), ("ij,jk", [(3, 4), (4, 2)]),
])
def test_einsum(equation, shapes):
    graph = Graph(7)
    graph.output(graph.op("Einsum", *[graph.normal(*s) for s in shapes], equation=equation))
    check(graph)


def test_attention():
    """Scaled dot products with a mask, as exporters write them."""
    graph = Graph(8)
    q, k, v = (graph.normal(2, 11, 48) for _ in range(3))

    def heads(x):
        return graph.op("Transpose", graph.op("Reshape", x, graph.weight(np.array([0, 0, 3, 16]))), perm=[0, 2, 1, 3])

    scores = graph.op("MatMul", heads(q), graph.op("Transpose", heads(k), perm=[0, 1, 3, 2]))
    scores = graph.op("Div", scores, graph.weight(np.float32(4)))
    mask = np.where(graph.rng.random((2, 1, 1, 11)) < 0.3, np.float32(-1e9), np.float32(0))
    attention = graph.op("Softmax", graph.op("Add", scores, graph.input(mask)), axis=-1)
    y = graph.op("Transpose", graph.op("MatMul", attention, heads(v)), perm=[0, 2, 1, 3])
    graph.output(graph.op("Reshape", y, graph.weight(np.array([2, 11, 48]))))
    check(graph)


@pytest.mark.parametrize("rows, size", [(97, 40), (64, 17), (5, 8)])
def test_tied_embedding(rows, size):
    """What is gathered is also the weight of a product, transposed: it lies as the product has packed it."""
    graph = Graph(10)
    table = graph.normal_weight(rows, size)
    ids = graph.input(np.concatenate([np.arange(-rows, rows), [0, 3]]), ["n"])
    x = graph.op("Gather", table, ids, axis=0)
    graph.output(x)
    graph.output(graph.op("MatMul", x, graph.op("Transpose", table, perm=[1, 0])))
    graph.output(graph.op("Gemm", graph.op("Relu", x), table, transB=1))
    check(graph)


@pytest.mark.parametrize("activation", ["Gelu", "Sigmoid", "Tanh"])
def test_elementary_functions_behind_products(activation):
    """Every size of register tile is put down and taken up again row by row, with partial vectors as well."""
    graph = Graph(9, opset=20)
    for i, (m, k, n) in enumerate([(14, 8, 32), (13, 5, 33), (37, 7, 50), (3, 9, 64), (1, 4, 16), (60, 3, 7)]):
        bias = graph.normal_weight(n)
        y = graph.op("Add", graph.op("MatMul", graph.normal(m, k), graph.normal_weight(k, n)), bias)
        graph.output(graph.op(activation, y))
        z = graph.op("MatMul", graph.normal(2, m, k, dims=["b", f"m{i}", k]), graph.normal_weight(k, n))
        graph.output(graph.op("Mul", z, graph.op(activation, z)))
    check(graph)


@pytest.mark.parametrize("flags", [(), ("--external-weights",), ("--naive",)], ids=["so", "external", "naive"])
def test_empty_weights(flags):
    """Products over nothing are 0: the bias is left, and weights beside empty ones stay where they are."""
    graph = Graph(3001)

    def empty(*shape):
        return graph.weight(np.zeros(shape, np.float32))

    bias = graph.normal_weight
    none, image = graph.input(np.zeros((3, 0), np.float32), ["n", 0]), graph.input(np.zeros((2, 0, 5, 6), np.float32), ["b", 0, "h", "w"])
    batches, x, added = graph.input(np.zeros((2, 3, 0), np.float32)), graph.normal(3, 4, dims=["n", 4]), graph.normal(5)
    graph.output(graph.op("Gemm", none, empty(0, 5), bias(5)))
    graph.output(graph.op("Relu", graph.op("Gemm", none, empty(5, 0), bias(5), transB=1, alpha=0.5, beta=2.0)))
    graph.output(graph.op("Add", graph.op("MatMul", none, empty(0, 5)), added))
    graph.output(graph.op("Mul", graph.op("MatMul", none, empty(0, 5)), bias(5)))
    graph.output(graph.op("Add", graph.op("MatMul", batches, empty(0, 256)), bias(256)))
    graph.output(graph.op("Add", graph.op("MatMul", batches, empty(2, 0, 7)), bias(7)))
    graph.output(graph.op("Sigmoid", graph.op("Add", graph.op("Gemm", none, empty(0, 5), bias(5)), graph.op("Gemm", x, bias(4, 5), bias(5)))))
    graph.output(graph.op("Concat", graph.op("Gemm", x, empty(4, 0), empty(0)), x, axis=1))
    graph.output(graph.op("Gemm", x, bias(4, 6), bias(6)))
    for i, (channels, kernel) in enumerate([(3, 1), (5, 3)]):
        y = graph.op("Conv", image, empty(channels, 0, kernel, kernel), bias(channels), pads=[kernel // 2] * 4)
        graph.output(graph.op("Relu", y) if i else y)
    check(graph, *flags)


@of_cpus
@pytest.mark.parametrize("pads", [[1] * 4, [0] * 4, [1, 0, 2, 1]], ids=str)
@pytest.mark.parametrize("channels", [(16, 32), (64, 64), (48, 20)], ids=str)
def test_winograd_of_any_size(channels, pads, tmp_path):
    """Sizes that only a run knows, which tiles divide or not, or that are less than one."""
    graph = Graph(5)
    inside, outside = channels
    x = graph.normal(1, inside, 33, 47, dims=["n", inside, "height", "width"])
    y = graph.op("Relu", graph.op("Conv", x, graph.normal_weight(outside, inside, 3, 3), graph.normal_weight(outside), pads=pads))
    y = graph.op("Conv", y, graph.normal_weight(inside, outside, 3, 3), pads=[1] * 4)
    graph.output(graph.op("Add", y, x) if pads == [1] * 4 else y)
    model = graph.model()
    artifact = compile_model(model, tmp_path)
    compile_file(tmp_path / "model.onnx", tmp_path / "graph.mlir", "--stop-after=graph")
    assert (tmp_path / "graph.mlir").read_text().count("girih.winograd_conv") == 2
    models = [girih.load(artifact, threads=t) for t in (1, 2)]
    for n, h, w in ((1, 33, 47), (2, 16, 16), (1, 4, 4), (1, 5, 3), (3, 17, 31), (1, 3, 3), (0, 9, 9), (1, 100, 7)):
        feeds = {x: graph.rng.standard_normal((n, inside, h, w)).astype(np.float32)}
        got, other = (m.run(feeds) for m in models)
        assert_close(got, reference(model, feeds), scaled=2e-5)
        for name, value in got.items():
            assert value.tobytes() == other[name].tobytes(), "more threads, other bits"
