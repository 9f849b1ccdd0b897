"""Operators as older opsets spell them (attributes that became inputs, other defaults), against ONNX Runtime."""
import numpy as np
import pytest

from support import Graph, check


def ints(graph, *values):
    return graph.weight(np.array(values, np.int64))


def opset_7(g):
    x = g.normal(2, 4, 6, 5)
    yield g.op("Clip", x, min=-0.5, max=0.5)
    yield g.op("Slice", x, starts=[1, -3], ends=[3, 100], axes=[1, 2])
    yield g.op("Softmax", x, axis=1)  # flattens to two dimensions before opset 13
    yield g.op("LogSoftmax", x)
    yield g.op("Squeeze", g.op("Unsqueeze", x, axes=[0, 3]), axes=[0])
    yield g.op("ReduceSum", x, axes=[1, 3], keepdims=0)
    yield g.op("ReduceMean", x)
    yield g.op("Pad", x, pads=[0, 0, 1, 2, 0, 0, 0, 1], value=1.5)
    yield g.op("Dropout", x, ratio=0.3)
    yield g.op("Upsample", x, scales=[1.0, 1.0, 2.0, 3.0], mode="nearest")
    yield g.op("Gemm", g.normal(3, 4), g.normal_weight(4, 5), g.normal_weight(5))
    yield g.op("ArgMax", x, axis=2)
    yield g.op("BatchNormalization", x, *[g.weight(g.rng.random(4, np.float32) + 0.5) for _ in range(4)])
    yield from g.op("Split", x, axis=3, split=[2, 3], outputs=2)
    yield g.op("TopK", x, axis=1, k=2, outputs=2)[0]
    yield g.op("Cast", x, to=7)
    yield g.op("Tile", g.normal(2, 2), ints(g, 1, 3))
    yield g.op("Hardmax", x, axis=1)
    yield g.op("Flatten", x)
    yield g.op("MaxPool", x, kernel_shape=[2, 2])
    yield g.op("Sum", x, g.op("Abs", x), x)


def opset_9(g):
    x = g.normal(1, 3, 4, 5)
    yield g.op("Upsample", x, g.weight(np.array([1, 1, 2, 2], np.float32)), mode="linear")
    yield g.op("Scatter", g.normal(3, 5), g.weight(np.array([[0, 1, 2, 0, 1]])), g.normal(1, 5), axis=0)
    yield g.op("ConstantOfShape", ints(g, 2, 3))
    yield g.op("OneHot", g.input(np.array([0, 2, 1])), g.weight(np.array(3)), g.weight(np.array([0, 1], np.float32)))
    yield g.op("Where", g.op("Less", x, g.normal(5)), x, g.op("Neg", x))
    yield g.op("Erf", x)


def opset_10(g):
    x = g.normal(1, 3, 4, 6)
    yield g.op("Resize", x, g.weight(np.array([1, 1, 2, 0.5], np.float32)), mode="nearest")
    yield g.op("Slice", x, ints(g, 0, 3), ints(g, 9, -100), ints(g, 1, 2), ints(g, 2, -1))
    yield g.op("TopK", x, ints(g, 2), axis=-1, outputs=2)[0]
    yield g.op("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
    yield g.op("Dropout", x)


def opset_11(g):
    x = g.normal(1, 3, 4, 6)
    yield g.op("Clip", x, g.weight(np.float32(0)), g.weight(np.float32(6)))
    yield g.op("Pad", x, ints(g, 0, 0, 1, 1, 0, 0, 1, 1), mode="reflect")
    yield g.op("Resize", x, g.weight(np.array([], np.float32)), g.weight(np.array([], np.float32)), ints(g, 1, 3, 7, 9), mode="linear",
               coordinate_transformation_mode="align_corners")
    yield g.op("Resize", x, g.weight(np.array([], np.float32)), g.weight(np.array([1, 1, 2, 2], np.float32)), mode="cubic", cubic_coeff_a=-0.5)
    yield g.op("Softmax", x, axis=2)
    yield g.op("Unsqueeze", x, axes=[-1])
    yield g.op("ReduceL2", x, axes=[-1])
    yield g.op("Gather", x, g.weight(np.array([-1, 0])), axis=2)
    yield g.op("DepthToSpace", g.normal(1, 8, 2, 3), blocksize=2, mode="CRD")
    yield g.op("CumSum", x, g.weight(np.array(2)))
    yield from g.op("Split", x, axis=1, outputs=3)


def opset_13(g):
    x = g.normal(2, 3, 4, 6)
    yield g.op("Softmax", x, axis=1)
    yield g.op("ReduceSum", x, ints(g, 1))
    yield g.op("ReduceMax", x, axes=[0, 1])
    yield g.op("Squeeze", g.normal(1, 3, 1))
    yield from g.op("Split", x, ints(g, 1, 2), axis=1, outputs=2)


def opset_20(g):
    x = g.normal(2, 3, 4)
    yield g.op("Gelu", x)
    yield g.op("Gelu", x, approximate="tanh")
    yield g.op("ReduceMax", x, ints(g, 2))
    yield g.op("Mish", x)


@pytest.mark.parametrize("build", [opset_7, opset_9, opset_10, opset_11, opset_13, opset_20])
def test_opset(build):
    graph = Graph(1, opset=int(build.__name__.split("_")[1]))
    for name in build(graph):
        graph.output(name)
    check(graph, rtol=2e-5, atol=2e-6)
