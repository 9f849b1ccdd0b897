"""Operators that import composes of others: against ONNX Runtime where it has them, with dynamic sizes, and against NumPy."""
import numpy as np
import onnx
import pytest

from support import Graph, assert_close, check, run_model


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def attention(q, k, v, mask=None, causal=False, past=0):
    """Heads are dimension 1; those of k and v are shared evenly."""
    share = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, share, 1).astype(np.float64), np.repeat(v, share, 1).astype(np.float64)
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    if causal:
        i, j = np.ogrid[: scores.shape[-2], : scores.shape[-1]]
        scores = np.where(j <= i + past, scores, -np.inf)
    return (softmax(scores) @ v).astype(np.float32)


@pytest.mark.parametrize("batch, heads, shared, queries, keys, size", [(1, 12, 12, 128, 128, 64), (2, 3, 3, 17, 9, 5), (1, 6, 2, 1, 33, 16), (3, 4, 1, 7, 40, 24), (1, 2, 2, 211, 333, 40)])
@pytest.mark.parametrize("kind", ["none", "bool", "float", "causal"])
def test_attention(batch, heads, shared, queries, keys, size, kind):
    graph = Graph(batch + heads + queries, opset=23)
    rng = graph.rng
    q = rng.standard_normal((batch, heads, queries, size)).astype(np.float32)
    k, v = (rng.standard_normal((batch, shared, keys, size)).astype(np.float32) for _ in range(2))
    names = [graph.input(q, ["b", heads, "q", size]), graph.input(k, ["b", shared, "k", size]), graph.input(v, ["b", shared, "k", size])]
    mask = None
    if kind == "bool":
        mask = rng.random((batch, 1, 1, keys)) < 0.7
        mask[..., 0] = True
        names.append(graph.input(mask, ["b", 1, 1, "k"]))
    if kind == "float":
        mask = rng.standard_normal((queries, keys)).astype(np.float32)
        names.append(graph.input(mask, ["q", "k"]))
    y = graph.output(graph.op("Attention", *names, is_causal=int(kind == "causal")))
    want = {y: attention(q, k, v, mask, kind == "causal")}
    assert_close(run_model(graph.model(), graph.feeds), want, 1e-4, 1e-5)


def test_attention_appends_to_the_past():
    graph = Graph(1, opset=23)
    past, now = 6, 3
    x = [graph.rng.standard_normal((2, 4, n, 8)).astype(np.float32) for n in (now, now, now, past, past)]
    names = [graph.input(v, [2, 4, "now" if v.shape[2] == now else "past", 8]) for v in x]
    y, keys, values = graph.op("Attention", *names[:3], "", *names[3:], outputs=3, is_causal=1)
    k, v = np.concatenate([x[3], x[1]], 2), np.concatenate([x[4], x[2]], 2)
    want = {graph.output(y): attention(x[0], k, v, causal=True, past=past), graph.output(keys): k, graph.output(values): v}
    assert_close(run_model(graph.model(), graph.feeds), want, 1e-4, 1e-5)


@pytest.mark.parametrize("interleaved", [0, 1])
@pytest.mark.parametrize("dims, attributes", [((2, 3, 7, 16), {}), ((2, 7, 48), {"num_heads": 3}), ((1, 2, 5, 12), {"rotary_embedding_dim": 8})])
def test_rotary_embedding(dims, attributes, interleaved):
    graph = Graph(len(dims), opset=23)
    size = dims[-1] // attributes.get("num_heads", 1)
    rotated = attributes.get("rotary_embedding_dim", size)
    length = dims[-2]
    x = graph.normal(*dims, dims=["b", *dims[1:-2], "s", dims[-1]])
    cos, sin = graph.normal_weight(50, rotated // 2), graph.normal_weight(50, rotated // 2)
    positions = graph.input(graph.rng.integers(0, 50, (dims[0], length)), ["b", "s"])
    graph.output(graph.op("RotaryEmbedding", x, cos, sin, positions, interleaved=interleaved, **attributes))
    check(graph)


@pytest.mark.parametrize("mode", ["linear", "circular"])
@pytest.mark.parametrize("axis", [-2, 1])
def test_tensor_scatter(mode, axis):
    graph = Graph(3, opset=24)
    shape, rows = [3, 9, 4] if axis == 1 else [3, 2, 9, 4], 2
    at = np.array([0, 7, 3] if mode == "linear" else [0, 8, 21])
    update_shape = list(shape)
    update_shape[axis] = rows
    cache, update = (graph.rng.standard_normal(s).astype(np.float32) for s in (shape, update_shape))
    want = cache.copy()
    to, source = (np.moveaxis(a, axis, 1) for a in (want, update))
    for b, r in np.ndindex(3, rows):
        to[b, (at[b] + r) % 9] = source[b, r]
    names = [graph.input(cache, ["b", *shape[1:]]), graph.input(update, ["b", *update_shape[1:]]), graph.input(at, ["b"])]
    y = graph.output(graph.op("TensorScatter", *names, axis=axis, mode=mode))
    assert_close(run_model(graph.model(), graph.feeds), {y: want}, 0, 0)


@pytest.mark.parametrize("shape, target, axes", [((7, 10), (4, 13), None), ((2, 9, 6, 3), (5, 11), [1, -2]), ((6,), (6,), [0])])
def test_center_crop_pad(shape, target, axes):
    graph = Graph(4, opset=18)
    attributes = {} if axes is None else {"axes": axes}
    graph.output(graph.op("CenterCropPad", graph.normal(*shape, dims=[f"d{i}" for i in range(len(shape))]), graph.weight(np.array(target)), **attributes))
    check(graph, rtol=0, atol=0)


@pytest.mark.parametrize("align", [0, 1])
@pytest.mark.parametrize("size", [(2, 3, 5, 7), (1, 1, 3, 4, 6)])
def test_affine_grid(size, align):
    graph = Graph(5, opset=20)
    d = len(size) - 2
    graph.output(graph.op("AffineGrid", graph.normal(size[0], d, d + 1), graph.weight(np.array(size)), align_corners=align))
    check(graph)


def test_max_pool_and_back():
    graph = Graph(6, opset=18)
    x = graph.normal(2, 3, 8, 12, dims=["b", 3, "h", "w"])
    y, at = graph.op("MaxPool", x, outputs=2, kernel_shape=[2, 2], strides=[2, 2])
    graph.output(graph.op("MaxUnpool", y, at, kernel_shape=[2, 2], strides=[2, 2]))
    check(graph, rtol=0, atol=0)


@pytest.mark.parametrize("batch, time", [(0, 1), (1, 0)])
def test_reverse_sequence(batch, time):
    graph = Graph(7, opset=18)
    x = graph.normal(5, 4, 3, dims=["a", "b", 3])
    lengths = graph.input(graph.rng.integers(0, (4 if time else 5) + 1, 5 if time else 4), ["a" if time else "b"])
    graph.output(graph.op("ReverseSequence", x, lengths, batch_axis=batch, time_axis=time))
    check(graph, rtol=0, atol=0)


@pytest.mark.parametrize("activation", ["none", "silu"])
def test_causal_conv_goes_on_from_its_state(activation):
    """A sequence in two pieces is the same as in one."""
    x = np.random.default_rng(8).standard_normal((2, 6, 11)).astype(np.float32)

    def run(first, state):
        graph = Graph(8, opset=27)
        names = [graph.input(first, [2, 6, "length"]), graph.normal_weight(6, 1, 4), graph.normal_weight(6)]
        if state is not None:
            names.append(graph.input(state))
        outputs = [graph.output(o) for o in graph.op("CausalConvWithState", *names, outputs=2, activation=activation)]
        result = run_model(graph.model(), graph.feeds)
        return [result[o] for o in outputs]

    whole, end = run(x, None)
    first, state = run(x[..., :4], None)
    second, last = run(x[..., 4:], state)
    np.testing.assert_allclose(np.concatenate([first, second], 2), whole, 1e-5, 1e-6)
    np.testing.assert_array_equal(last, end)


@pytest.mark.parametrize("mode", ["avg", "max"])
@pytest.mark.parametrize("coordinates", ["half_pixel", "output_half_pixel"])
@pytest.mark.parametrize("channels, out, samples", [(20, (7, 7), 2), (3, (2, 5), 3), (1, (1, 1), 1)])
def test_roi_align(mode, coordinates, channels, out, samples):
    """Regions inside, across the edges, outside, empty and turned inside out."""
    graph = Graph(channels, opset=16)
    x = graph.input(np.abs(graph.rng.standard_normal((2, channels, 13, 17))).astype(np.float32), ["n", channels, "h", "w"])
    corner = graph.rng.uniform(-10, 60, (40, 2))
    rois = np.concatenate([corner, corner + graph.rng.uniform(-4, 40, (40, 2))], 1).astype(np.float32)
    rois[0, 2:] = rois[0, :2]
    names = [graph.input(rois, ["r", 4]), graph.input(graph.rng.integers(0, 2, 40), ["r"])]
    size = dict(zip(("output_height", "output_width"), out))
    graph.output(graph.op("RoiAlign", x, *names, mode=mode, coordinate_transformation_mode=coordinates, sampling_ratio=samples, spatial_scale=0.25, **size))
    check(graph, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("exclusive", [0, 1])
@pytest.mark.parametrize("reverse", [0, 1])
def test_cumulative_product(axis, exclusive, reverse):
    graph = Graph(9, opset=26)
    want = {}
    for x in (graph.rng.uniform(0.5, 1.5, (3, 4, 5)).astype(np.float32), graph.rng.integers(-3, 4, (3, 4, 5))):
        for name in (graph.input(x, ["a", "b", 5]), graph.weight(x)):  # at run time, and folded
            y = graph.output(graph.op("CumProd", name, graph.weight(np.array(axis)), exclusive=exclusive, reverse=reverse))
            rows = np.moveaxis(np.flip(x, axis) if reverse else x, axis, 0)
            if exclusive:
                rows = np.concatenate([np.ones_like(rows[:1]), rows[:-1]])
            product = np.moveaxis(np.cumprod(rows, 0, dtype=x.dtype), 0, axis)
            want[y] = np.flip(product, axis) if reverse else product
    assert_close(run_model(graph.model(), graph.feeds), want, 1e-5)


def test_bits_of_every_width():
    graph = Graph(10, opset=26)
    want = {}
    for bits, types in {8: "int8 uint8", 16: "int16 uint16 float16", 32: "int32 uint32 float32", 64: "int64 uint64 float64"}.items():
        x = graph.rng.integers(0, 2**7, (3, 5)).astype(f"uint{bits}") << (bits - 8)
        for to in types.split():
            y = graph.op("BitCast", graph.input(x, ["n", 5]), to=onnx.helper.np_dtype_to_tensor_dtype(np.dtype(to)))
            want[graph.output(y)] = x.view(to)
    assert_close(run_model(graph.model(), graph.feeds), want, 0, 0)
