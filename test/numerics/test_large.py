"""Elements behind the first two gigabytes of a tensor. The tensor is a sparse file, of which kernels touch a few pages."""
import numpy as np
import pytest

import support
from support import Graph, compile_model

SIZE = (3 << 30) + 40


@pytest.fixture
def sparse(tmp_path):
    x = np.memmap(tmp_path / "x", np.uint8, "w+", shape=(SIZE,))
    for at in (0, 7, (1 << 31) - 1, 1 << 31, (1 << 31) + 5, SIZE - 33, SIZE - 20, SIZE - 1):
        x[at] = at % 251 + 1
    return x


@pytest.mark.parametrize("dims", [[SIZE], ["n"]], ids=["static", "dynamic"])
def test_reads_beyond_two_gigabytes(tmp_path, sparse, dims):
    g = Graph(1)
    x = g.input(sparse, dims)
    at = np.array([0, 7, (1 << 31) - 1, 1 << 31, (1 << 31) + 5, SIZE - 33, -20, -1] * 5)
    g.output(g.op("Gather", x, g.input(at)))
    g.output(g.op("Gather", x, g.weight(np.array([SIZE - 1]))))
    g.output(g.op("GatherND", x, g.input(at[:6, None])))
    g.output(g.op("Slice", x, g.weight(np.array([-40])), g.weight(np.array([SIZE]))))
    g.output(g.op("Slice", x, g.weight(np.array([-1])), g.weight(np.array([-41])), g.weight(np.array([0])), g.weight(np.array([-3]))))
    g.output(g.op("Slice", x, g.weight(np.array([0])), g.weight(np.array([SIZE])), g.weight(np.array([0])), g.weight(np.array([1 << 27]))))
    want = [sparse[at], sparse[-1:], sparse[at[:6]], sparse[-40:], sparse[-1:-41:-3], sparse[::1 << 27]]
    got = support.girih.load(compile_model(g.model(), tmp_path)).run(g.feeds)
    for name, w in zip(got, want, strict=True):
        np.testing.assert_array_equal(got[name], w, err_msg=name)
