"""Reductions that a warp or a block computes together, on the PTX simulator: rows of every length, sizes that only a run knows, numbers that are none."""
import numpy as np
import pytest

from support import SIMULATOR, Graph, check, run_model


@pytest.fixture(autouse=True)
def simulator(monkeypatch):
    for name, value in SIMULATOR.items():
        monkeypatch.setenv(name, value)


def normalise(graph, x, length):
    graph.output(graph.op("Softmax", x, axis=-1))
    graph.output(graph.op("LayerNormalization", x, graph.normal_weight(length), graph.normal_weight(length), axis=-1))
    for op in ("ReduceSum", "ReduceMax", "ReduceMean", "ReduceL2", "ReduceLogSumExp"):
        graph.output(graph.op(op, x, graph.weight(np.array([-1])), keepdims=0))
    graph.output(graph.op("ArgMax", x, axis=-1, keepdims=0))


@pytest.mark.parametrize("length", [1, 31, 32, 33, 64, 96, 127, 1000, 1025, 4097])
def test_rows(length):
    graph = Graph(length)
    normalise(graph, graph.normal(3, length), length)
    check(graph, "--target=cuda")


@pytest.mark.parametrize("length", [16384, 100000])
def test_long_rows(length):
    """Loops of a thread's pieces instead of what is written out, with rests."""
    graph = Graph(length)
    x = graph.normal(2, length)
    graph.output(graph.op("Softmax", x, axis=-1))
    graph.output(graph.op("ReduceMean", x, graph.weight(np.array([-1])), keepdims=0))
    graph.output(graph.op("ArgMin", x, axis=-1, keepdims=0))
    check(graph, "--target=cuda")


@pytest.mark.parametrize("length", [0, 1, 33, 127, 1000, 4097])
def test_rows_of_any_length(length):
    graph = Graph(length)
    x = graph.normal(3, length, dims=(3, "n"))
    for op in ("ReduceSum", "ReduceL2") + (("ReduceMax", "ReduceMean") if length else ()):
        graph.output(graph.op(op, x, graph.weight(np.array([-1])), keepdims=0))
    graph.output(graph.op("Softmax", x, axis=-1))
    check(graph, "--target=cuda")


@pytest.mark.parametrize("rows,columns", [(129, 1), (1000, 8), (300, 13), (4097, 20), (257, 100)])
def test_columns(rows, columns):
    """Results that are side by side: a team has several of them."""
    graph = Graph(rows)
    x = graph.normal(2, rows, columns)
    for op in ("ReduceSum", "ReduceMax", "ReduceMean"):
        graph.output(graph.op(op, x, graph.weight(np.array([1])), keepdims=0))
    graph.output(graph.op("Softmax", x, axis=1))
    graph.output(graph.op("ArgMax", x, axis=1, keepdims=0))
    check(graph, "--target=cuda")


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_few_rows_of_a_product(rows):
    graph = Graph(rows)
    x = graph.normal(rows, 700)
    graph.output(graph.op("MatMul", x, graph.normal_weight(700, 100)))
    graph.output(graph.op("Gemm", x, graph.normal_weight(33, 700), graph.normal_weight(33), transB=1))
    graph.output(graph.op("Relu", graph.op("MatMul", graph.normal(4, 1, 256), graph.normal(4, 256, 65))))
    graph.output(graph.op("MatMul", graph.normal(3, 77, 300), graph.normal(3, 300, 1)))
    check(graph, "--target=cuda")


def test_16_bit_rows():
    graph = Graph(5)
    x = graph.op("Cast", graph.normal(4, 1024), to=10)
    graph.output(graph.op("Cast", graph.op("Softmax", x, axis=-1), to=1))
    graph.output(graph.op("Cast", graph.op("ReduceMax", x, graph.weight(np.array([-1]))), to=1))
    check(graph, "--target=cuda", rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("type,length", [(np.int64, 333), (np.int8, 512), (np.float64, 100), (np.int32, 2049)])
def test_other_types(type, length):
    """States are shuffled in words of 32 bits."""
    graph = Graph(length)
    x = graph.input((graph.rng.normal(size=(3, length)) * 50).astype(type))
    graph.output(graph.op("ReduceMax", x, graph.weight(np.array([-1]))))
    if type != np.int8:
        graph.output(graph.op("ReduceSum", x, graph.weight(np.array([-1]))))
    check(graph, "--target=cuda")


@pytest.mark.parametrize("length", [100, 1000])
def test_no_numbers(length):
    graph = Graph(length)
    values = graph.rng.normal(size=(5, length)).astype(np.float32)
    values[0, length - 1], values[1, 70], values[2, 3], values[3] = np.nan, np.inf, -np.inf, -np.inf
    x = graph.input(values)
    largest, smallest = (graph.output(graph.op(op, x, graph.weight(np.array([1])), keepdims=0)) for op in ("ReduceMax", "ReduceMin"))
    total, softmax = graph.output(graph.op("ReduceSum", x, graph.weight(np.array([1])), keepdims=0)), graph.output(graph.op("Softmax", x, axis=-1))
    got = run_model(graph.model(), graph.feeds, "--target=cuda")
    np.testing.assert_array_equal(got[largest], values.max(1))
    np.testing.assert_array_equal(got[smallest], values.min(1))
    np.testing.assert_allclose(got[total], values.sum(1), rtol=1e-4)
    assert [bool(np.isnan(row).all()) for row in got[softmax]] == [True, True, False, True, False]
