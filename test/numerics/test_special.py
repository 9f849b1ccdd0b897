"""TopK, CumSum and scatters where ONNX Runtime is no reference: all types, ties, NaN, dynamic and empty shapes, wild indices."""
import itertools

import numpy as np
import pytest

from support import Graph, assert_close, run_model

TYPES = ["int8", "int32", "int64", "uint8", "uint64", "float16", "float32", "float64"]


def values(rng, dtype, shape):
    """Few distinct numbers, so that there are ties; the type's extremes; NaN and infinities among floats."""
    if dtype.startswith("float"):
        pool = np.array([0.0, -0.0, 1.5, -2.25, 3.0, np.inf, -np.inf, np.nan], dtype)
    else:
        info = np.iinfo(dtype)
        pool = np.array([info.min, info.max, 0, 1, 5, info.max // 2 + 1], dtype)
    return rng.choice(pool, shape)


def top_k(x, k, axis, largest):
    """By value with NaN above all numbers, then by index."""
    rows = np.moveaxis(x, axis, -1)
    order = np.empty(rows.shape, np.int64)
    for row in np.ndindex(rows.shape[:-1]):
        def key(i):
            v = rows[row][i]
            rank = (1, 0) if v != v else (0, v.item())
            return rank
        better = sorted(range(rows.shape[-1]), key=key, reverse=bool(largest))  # stable: equal ones by index
        order[row] = better
    order = order[..., :k]
    return np.moveaxis(np.take_along_axis(rows, order, -1), -1, axis), np.moveaxis(order, -1, axis)


@pytest.mark.parametrize("shape, axis, k, largest", [((3, 17), 1, 4, 1), ((17, 3), 0, 5, 0), ((2, 9, 3), 1, 9, 1), ((40,), 0, 1, 0), ((2, 3), 1, 0, 1)])
def test_topk(shape, axis, k, largest):
    graph = Graph(7, opset=24)
    want = {}
    for dtype in TYPES:
        x = values(graph.rng, dtype, shape)
        dims = [f"d{len(graph.inputs)}_{i}" for i in range(len(shape))]
        names = graph.op("TopK", graph.input(x, dims), graph.weight(np.array([k])), axis=axis, largest=largest, outputs=2)
        for name, w in zip(names, top_k(x, k, axis, largest)):
            want[graph.output(name)] = w
    assert_close(run_model(graph.model(), graph.feeds), want, 0, 0)


def test_topk_of_sorted_rows():
    """Every element replaces the root: the worst case, which must not be quadratic."""
    graph = Graph(8)
    n = 100_000
    x = np.arange(n, dtype=np.float32)
    _, i = graph.op("TopK", graph.input(x), graph.weight(np.array([n // 2])), outputs=2)
    graph.output(i)
    assert_close(run_model(graph.model(), graph.feeds), {i: np.arange(n - 1, n // 2 - 1, -1)})


@pytest.mark.parametrize("shape, axis", [((11,), 0), ((3, 4, 5), 0), ((3, 4, 5), 1), ((3, 4, 5), -1), ((0, 4), 1), ((4, 0, 3), 1)])
def test_cumsum(shape, axis):
    graph = Graph(9, opset=14)
    want = {}
    for dtype in ["int64", "uint32", "float16", "float32"]:
        for exclusive, reverse in itertools.product((0, 1), repeat=2):
            x = graph.rng.integers(0, 9, shape).astype(dtype)
            y = np.flip(x, axis) if reverse else x
            y = np.cumsum(y, axis, dtype=dtype) - (y if exclusive else 0)
            y = np.flip(y, axis) if reverse else y
            dims = [f"d{len(graph.inputs)}_{i}" for i in range(len(shape))]
            op = graph.op("CumSum", graph.input(x, dims), graph.weight(np.array(axis)), exclusive=exclusive, reverse=reverse)
            want[graph.output(op)] = y.astype(dtype)
    assert_close(run_model(graph.model(), graph.feeds), want, 0, 0)


UPDATE = {"none": lambda a, b: b, "add": lambda a, b: a + b, "mul": lambda a, b: a * b, "min": np.minimum, "max": np.maximum}


@pytest.mark.parametrize("reduction", UPDATE)
def test_scatter(reduction):
    """In order, so that the last of several updates wins; negative indices count from the end."""
    graph = Graph(10)
    rng = graph.rng
    update = UPDATE[reduction]
    want = {}

    def random(dtype, shape):
        return rng.integers(0, 2, shape).astype(bool) if dtype == "bool" else values(rng, dtype, shape)

    def dims(x):
        return [f"d{len(graph.inputs)}_{i}" for i in range(x.ndim)]

    def elements(dtype, shape, part, axis):
        data, indices, updates = random(dtype, shape), rng.integers(-shape[axis], shape[axis], part), random(dtype, part)
        y = data.copy()
        for at in np.ndindex(part):
            to = list(at)
            to[axis] = indices[at]
            y[tuple(to)] = update(y[tuple(to)], updates[at])
        name = graph.op("ScatterElements", graph.input(data, dims(data)), graph.input(indices), graph.input(updates), axis=axis, reduction=reduction)
        want[graph.output(name)] = y

    def nd(dtype, shape, batch, length):
        data, indices = random(dtype, shape), rng.integers(np.negative(shape[:length]), shape[:length], (*batch, length))
        updates = random(dtype, (*batch, *shape[length:]))
        y = data.copy()
        for at in np.ndindex(batch):
            to = tuple(indices[at])
            y[to] = update(y[to], updates[at])
        name = graph.op("ScatterND", graph.input(data, dims(data)), graph.input(indices), graph.input(updates), reduction=reduction)
        want[graph.output(name)] = y

    with np.errstate(all="ignore"):
        for dtype in ["bool", *TYPES]:
            elements(dtype, (3, 4, 5), (3, 2, 4), 1)
            nd(dtype, (3, 4, 2), (2, 3), 2)
        for shape, part, axis in [((5, 4), (3, 4), 0), ((3, 6), (2, 9), 1), ((4,), (0,), 0)]:
            elements("float32", shape, part, axis)
        for shape, batch, length in [((5, 4), (6,), 1), ((7,), (3,), 1)]:
            nd("float32", shape, batch, length)
        assert_close(run_model(graph.model(), graph.feeds), want, 0, 0)


def test_narrow_floats_without_instructions():
    """bf16 on a machine that has none: nothing of the compiler's runtime is needed."""
    import ml_dtypes

    graph = Graph(11, opset=24)
    x = graph.rng.standard_normal((3, 20)).astype(ml_dtypes.bfloat16)
    value = graph.input(x, ["n", "m"])
    graph.output(graph.op("TopK", value, graph.weight(np.array([4])), outputs=2)[0])
    indices = graph.input(graph.rng.integers(0, 20, (3, 6)))
    graph.output(graph.op("ScatterElements", value, indices, graph.input(x[:, :6]), axis=1, reduction="add"))
    graph.output(graph.op("Tanh", graph.op("Transpose", value)))
    got = list(run_model(graph.model(), graph.feeds, "--cpu=x86-64-v3").values())
    want = np.sort(x.astype(np.float32), 1)[:, :-5:-1]
    np.testing.assert_array_equal(got[0].astype(np.float32), want)
    sums = x.copy()
    for i, j in np.ndindex(3, 6):
        sums[i, graph.feeds[indices][i, j]] += x[i, j]
    np.testing.assert_array_equal(got[1].astype(np.float32), sums.astype(np.float32))
    np.testing.assert_allclose(got[2].astype(np.float32), np.tanh(x.T.astype(np.float32)), rtol=2**-8)
