"""Long reductions, which are split into blocks, against NumPy in float64; with the same bits on any number of threads."""
import json
import tempfile

import numpy as np
import pytest

from support import Graph, assert_close, compile_model, girih

F64 = np.float64


def check(graph, want, rtol=1e-5, atol=1e-6, machine=None):
    """`want` is one array an output; `machine` what plans are to take for the machine."""
    with tempfile.TemporaryDirectory() as folder:
        flags = []
        if machine:
            flags = [f"--machine={folder}/machine.json"]
            with open(f"{folder}/machine.json", "w") as f:
                json.dump(machine, f)
        path = compile_model(graph.model(), folder, *flags)
        one = girih.load(path, threads=1).run(graph.feeds)
        for threads in (2, 3):
            for name, value in girih.load(path, threads=threads).run(graph.feeds).items():
                np.testing.assert_array_equal(value, one[name], err_msg=f"{name} on {threads} threads")
        assert_close(one, {name: np.asarray(w).astype(one[name].dtype) for name, w in zip(graph.outputs, want, strict=True)}, rtol, atol)


@pytest.mark.parametrize("shape", [(1 << 18,), (1000, 1000), (3, 262144), (512, 520, 3), (2, 7, 3 << 16), (1, 1, 1009, 300)])
def test_all_functions(shape):
    graph = Graph(1)
    v = graph.rng.uniform(0.5, 1.5, shape).astype(np.float32)
    x, d = graph.input(v), v.astype(F64)
    one = graph.weight(np.array([1.0], np.float32))
    functions = {"ReduceSum": np.sum(d), "ReduceMean": np.mean(d), "ReduceMax": np.max(d), "ReduceMin": np.min(d), "ReduceL1": np.sum(d),
                 "ReduceL2": np.sqrt(np.sum(d * d)), "ReduceSumSquare": np.sum(d * d), "ReduceLogSum": np.log(np.sum(d)),
                 "ReduceLogSumExp": np.log(np.sum(np.exp(d)))}
    want = []
    for name, value in functions.items():
        graph.output(graph.op("Add", graph.op(name, x, keepdims=0), one))
        want.append(np.full(1, value + 1))
    # What is read is computed on the way.
    graph.output(graph.op("ReduceSum", graph.op("Sqrt", graph.op("Mul", x, x)), keepdims=1))
    want.append(np.sum(d).reshape([1] * len(shape)))
    check(graph, want)


def test_few_results():
    """Rows and columns, what is not reduced first, last and between, and results that differ in their place."""
    graph = Graph(2)
    for shape, axes in (((3, 100000), (1,)), ((100000, 3), (0,)), ((64, 3, 4096), (0, 2)), ((2, 500, 2, 400), (1, 3)), ((262144, 1), (0,))):
        v = graph.rng.standard_normal(shape).astype(np.float32)
        x = graph.input(v)
        for name in ("ReduceSum", "ReduceMax"):
            graph.output(graph.op(name, x, graph.weight(np.array(axes)), keepdims=0))
    want = [f(graph.feeds[i].astype(F64), axis=axes) for i, axes in zip(graph.feeds, ((1,), (0,), (0, 2), (1, 3), (0,))) for f in (np.sum, np.max)]
    check(graph, want, atol=2e-3)


def test_arg_reductions():
    graph = Graph(3)
    v = graph.rng.integers(0, 1000, (2, 3 << 17)).astype(np.float32)
    v[1, 200000] = v[1, 300000] = np.nan
    x, t = graph.input(v), graph.input(np.ascontiguousarray(v.T))
    want = []
    for op, f in (("ArgMax", np.argmax), ("ArgMin", np.argmin)):
        for last in (0, 1):
            w = f(v, 1) if not last else v.shape[1] - 1 - f(v[:, ::-1], 1)
            graph.output(graph.op(op, x, axis=1, keepdims=0, select_last_index=last))
            graph.output(graph.op(op, t, axis=0, keepdims=0, select_last_index=last))
            want += [w, w]
    check(graph, want)


def test_integers():
    graph = Graph(4)
    v = graph.rng.integers(-(2**31), 2**31, (600, 700), np.int32)
    u = graph.rng.integers(0, 256, (600, 700), np.uint8)
    for x, w in ((graph.input(v), v), (graph.input(u), u)):
        for name in ("ReduceMax", "ReduceMin"):
            graph.output(graph.op(name, x, keepdims=0))
    graph.output(graph.op("ReduceSum", graph.input(v.astype(np.int64)), keepdims=0))
    check(graph, [v.max(), v.min(), u.max(), u.min(), v.astype(np.int64).sum()])


def normal(x, axes, epsilon=1e-5):
    d = x.astype(F64)
    mean = d.mean(axes, keepdims=True)
    return (d - mean) / np.sqrt(((d - mean) ** 2).mean(axes, keepdims=True) + epsilon)


@pytest.mark.parametrize("offset", [0, 1e4])
@pytest.mark.parametrize("shape", [(1, 3, 512, 512), (1, 1, 600, 700), (2, 2, 257, 1024), (1, 9, 64, 64)])
def test_normalisations(shape, offset):
    """Far from zero, a variance takes all digits: what is left of them is the rounding of the mean."""
    graph = Graph(5)
    v = (graph.rng.standard_normal(shape) + offset).astype(np.float32)
    c = shape[1]
    x, s, b = graph.input(v), graph.weight(np.linspace(0.5, 2, c, dtype=np.float32)), graph.weight(np.arange(c, dtype=np.float32))
    graph.output(graph.op("InstanceNormalization", x, s, b))
    graph.output(graph.op("MeanVarianceNormalization", x, axes=[0, 1, 2, 3]))
    graph.output(graph.op("LayerNormalization", x, graph.weight(np.ones(shape[1:], np.float32)), axis=1))
    scale = np.linspace(0.5, 2, c)[:, None, None]
    want = [normal(v, (2, 3)) * scale + np.arange(c)[:, None, None], normal(v, (0, 1, 2, 3), 1e-9), normal(v, (1, 2, 3))]
    check(graph, want, rtol=1e-4, atol=2e-5 if not offset else 1e-2)


@pytest.mark.parametrize("outlier", [1e6, np.nan, np.inf])
def test_moments_with_an_outlier(outlier):
    """Blocks are about their own mean: what is far away in one of them costs the others no digits."""
    graph = Graph(8)
    v = (graph.rng.standard_normal((1, 3, 513, 512)) + 1e4).astype(np.float32)
    v[0, 1, 0, 0] = v[0, 2, 300, 7] = outlier
    ones, zeros = (graph.weight(np.full(3, c, np.float32)) for c in (1, 0))
    graph.output(graph.op("InstanceNormalization", graph.input(v), ones, zeros))
    with np.errstate(invalid="ignore"):
        want = normal(v, (2, 3))
    check(graph, [want], rtol=1e-3, atol=5e-3)


def test_pools():
    graph = Graph(6)
    v = graph.rng.standard_normal((1, 2, 512, 512)).astype(np.float32)
    x = graph.input(v)
    graph.output(graph.op("GlobalAveragePool", x))
    graph.output(graph.op("GlobalMaxPool", x))
    check(graph, [v.astype(F64).mean((2, 3), keepdims=True), v.max((2, 3), keepdims=True)])


def test_softmax():
    graph = Graph(7)
    v = (graph.rng.standard_normal((2, 300000)) * 5).astype(np.float32)
    for op in ("Softmax", "LogSoftmax"):
        graph.output(graph.op(op, graph.input(v), axis=1))
    e = np.exp(v.astype(F64) - v.max(1, keepdims=True))
    check(graph, [e / e.sum(1, keepdims=True), np.log(e / e.sum(1, keepdims=True))], rtol=1e-4)


@pytest.mark.parametrize("shape", [(7, 20011), (1, 300007), (2, 1 << 18), (3, 5, 10007)])
def test_softmax_in_one_pass(shape):
    """Rows that no cache holds, of all kinds of numbers: of -inf first, of nothing else, with NaN, with +inf, all equal, far apart."""
    graph = Graph(9)
    v = (graph.rng.standard_normal(shape) * 5).astype(np.float32)
    rows = v.reshape(-1, shape[-1])
    special = [(1, slice(0, 10001), -np.inf), (2, slice(None), -np.inf), (3, 5003, np.nan), (4, 99, np.inf), (5, slice(None), -2.5), (6, slice(None), 0)]
    for row, where, number in special:
        if row < len(rows):
            rows[row, where] = number
    if len(rows) > 6:
        rows[6, 1::2] = np.finfo(np.float32).min
    x = graph.input(v)
    for op in ("Softmax", "LogSoftmax"):
        graph.output(graph.op(op, x, axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        d = v.astype(F64) - v.max(-1, keepdims=True)
        e = np.exp(d)
        want = [e / e.sum(-1, keepdims=True), d - np.log(e.sum(-1, keepdims=True))]
    check(graph, want, rtol=1e-4, machine={"l1_bytes": 4096, "l2_bytes": 16384, "l3_bytes": 0, "memory_bytes_per_ns": 1, "cores": 8})


def test_halves_in_one_pass():
    graph = Graph(10)
    v = (graph.rng.standard_normal((3, 20011)) * 5).astype(np.float16)
    v[1, :77] = -np.inf
    graph.output(graph.op("Softmax", graph.input(v), axis=1))
    e = np.exp(v.astype(F64) - v.max(1, keepdims=True).astype(F64))
    check(graph, [e / e.sum(1, keepdims=True)], rtol=1e-2, atol=1e-5, machine={"l1_bytes": 4096, "l2_bytes": 16384, "l3_bytes": 0, "memory_bytes_per_ns": 1})
