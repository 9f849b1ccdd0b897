"""Random chains of operators on tensors with named dimensions: what one kernel reads through another's views, and what grouping makes of it,
against ONNX Runtime. Each operator alone is tested elsewhere."""
import numpy as np
import pytest

from support import Graph, check


class Chain:
    """Values of rank 3 or 4 with their arrays' shapes; every step takes one or two of them and adds one."""

    def __init__(self, seed):
        self.graph = Graph(seed, opset=18)
        self.rng = self.graph.rng
        self.values = []

    def pick(self, rank=None):
        fitting = [v for v in self.values if rank is None or len(v[1]) == rank]
        return fitting[self.rng.integers(max(0, len(fitting) - 4), len(fitting))]

    def add(self, shape, op, *inputs, **attributes):
        self.values.append((self.graph.op(op, *inputs, **attributes), tuple(shape)))

    def ints(self, values):
        return self.graph.weight(np.array(values, np.int64))

    def step(self):
        g, rng = self.graph, self.rng
        x, shape = self.pick()
        rank = len(shape)
        kind = rng.integers(16)
        axis = int(rng.integers(rank))
        if kind == 0:
            self.add(shape, str(rng.choice(["Relu", "Sigmoid", "Tanh", "Abs", "HardSwish", "Neg"])), x)
        elif kind == 1:
            perm = rng.permutation(rank)
            self.add([shape[p] for p in perm], "Transpose", x, perm=perm.tolist())
        elif kind == 2 and shape[axis] > 2:
            start, step = int(rng.integers(0, 2)), int(rng.choice([1, 1, 2]))
            end = shape[axis] - int(rng.integers(0, 2))
            out = list(shape)
            out[axis] = len(range(start, end, step))
            self.add(out, "Slice", x, self.ints([start]), self.ints([end - shape[axis] if end < shape[axis] else 2**40]), self.ints([axis]), self.ints([step]))
        elif kind == 3:
            out = list(shape)
            out[axis] = 1
            keep = int(rng.integers(2)) or rank == 3
            self.add(out if keep else out[:axis] + out[axis + 1:], str(rng.choice(["ReduceMean", "ReduceSum", "ReduceMax"])), x, self.ints([axis]), keepdims=int(keep))
        elif kind == 4:
            self.add(shape, "Softmax", x, axis=axis)
        elif kind == 5:
            same = [v for v in self.values if len(v[1]) == rank and all(a == b or b == 1 for a, b in zip(shape, v[1]))]
            self.add(shape, str(rng.choice(["Add", "Mul", "Sub", "Max"])), x, same[rng.integers(len(same))][0])
        elif kind == 6:
            out = list(shape)
            out[-1] = int(rng.integers(1, 20))
            self.add(out, "MatMul", x, g.weight((rng.standard_normal((shape[-1], out[-1])) / np.sqrt(shape[-1])).astype(np.float32)))
        elif kind == 7 and max(shape) > 1:
            order = list(range(rank - 2)) + [rank - 1, rank - 2]
            turned = g.op("Transpose", x, perm=order)
            self.add([*shape[:-1], shape[-2]], "MatMul", g.op("Mul", x, g.weight(np.float32(0.1))), turned)
        elif kind == 8:
            out = list(shape)
            out[axis] *= 2
            self.add(out, "Concat", x, x if rng.integers(2) else g.op("Neg", x), axis=axis)
        elif kind == 9:
            pads = np.zeros((2, rank), np.int64)
            pads[:, axis] = rng.integers(0, 2, 2)
            out = list(shape)
            out[axis] += int(pads.sum())
            self.add(out, "Pad", x, self.ints(pads.ravel()), mode=str(rng.choice(["constant", "edge"])))
        elif kind == 10:
            indices = rng.integers(-shape[axis] if axis == rank - 1 else 0, 1, 5)
            out = list(shape)
            out[axis] = 5
            self.add(out, "Gather", x, self.ints(indices), axis=axis)
        elif kind == 11 and rank == 4:
            group = int(rng.choice([1, 2, 4])) if shape[1] % 4 == 0 else 1
            weights = 0.3 * rng.standard_normal((8, shape[1] // group, 3, 3)).astype(np.float32)
            self.add([shape[0], 8, *shape[2:]], "Conv", x, g.weight(weights), g.normal_weight(8), pads=[1] * 4, group=group)
        elif kind == 12 and rank == 4 and max(shape[2:]) < 12:
            self.add([*shape[:2], 2 * shape[2], 2 * shape[3]], "Resize", x, "", g.weight(np.array([1, 1, 2, 2], np.float32)), mode="nearest",
                     coordinate_transformation_mode="asymmetric", nearest_mode="floor")
        elif kind == 13 and rank == 4 and min(shape[2:]) > 1:
            out = [(s - 2) // 2 + 1 for s in shape[2:]]
            self.add([*shape[:2], *out], str(rng.choice(["MaxPool", "AveragePool"])), x, kernel_shape=[2, 2], strides=[2, 2])
        elif kind == 14:
            width = shape[-1]
            self.add(shape, "LayerNormalization", x, g.normal_weight(width), g.normal_weight(width), axis=-1)
        elif kind == 15 and rank == 4:
            self.add([shape[0], shape[1], shape[2] * shape[3]], "Reshape", x, self.ints([0, 0, -1]))
        limit = 1 << 14
        if self.values and np.prod(self.values[-1][1]) > limit:
            self.values.pop()
            self.graph.nodes.pop()


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_chain(seed, dynamic):
    chain = Chain(7000 + seed)
    for shape, names in [((2, 8, 5, 6), ("n", 8, "h", "w")), ((2, 5, 12), ("n", "h", 12))]:
        chain.values.append((chain.graph.normal(*shape, dims=names if dynamic else None), shape))
    for _ in range(24):
        chain.step()
    used = {i for n in chain.graph.nodes for i in n.input}
    for name, _ in chain.values[2:]:
        if name not in used:
            chain.graph.output(name)
    check(chain.graph, rtol=1e-4, atol=1e-5, scaled=2e-5)
