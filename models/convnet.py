#!/usr/bin/env python3
"""models/convnet.json: a small convolutional network with what image classifiers are made of, seeded weights: a stem, an inverted
residual with a depthwise convolution and squeeze-and-excitation, a strided block, pooling, and a classifier.

    models/convnet.py models/convnet.json
"""
import sys

import numpy as np

from graphs import Graph


def build():
    g = Graph("convnet", seed=2)

    def conv(name, x, cin, cout, k, stride=1, group=1):
        y = g.node("Conv", name, x, g.normal(name + ".w", cout, cin // group, k, k), strides=[stride, stride], pads=[k // 2] * 4, group=group)
        statistics = [g.rng.random(cout) + 0.5, g.rng.standard_normal(cout) * 0.1, g.rng.standard_normal(cout) * 0.1, g.rng.random(cout) + 0.5]
        names = [g.weight(f"{name}.{part}", s.astype(np.float32)) for part, s in zip(("scale", "bias", "mean", "variance"), statistics)]
        return g.node("BatchNormalization", name + ".norm", y, *names)

    x = g.input("image", "f32", 1, 3, 32, 32)
    x = g.node("HardSwish", "stem.act", conv("stem", x, 3, 16, 3, stride=2))
    y = g.node("Relu", "expand.act", conv("expand", x, 16, 48, 1))
    y = g.node("Relu", "depthwise.act", conv("depthwise", y, 48, 48, 3, group=48))
    s = g.node("GlobalAveragePool", "squeeze", y)
    s = g.node("Relu", "reduce.act", g.node("Conv", "reduce", s, g.normal("reduce.w", 12, 48, 1, 1), g.normal("reduce.b", 12, scale=0.1)))
    s = g.node("HardSigmoid", "excite.act", g.node("Conv", "excite", s, g.normal("excite.w", 48, 12, 1, 1), g.normal("excite.b", 48, scale=0.1)))
    y = g.node("Mul", "scaled", y, s)
    x = g.node("Add", "residual", x, conv("project", y, 48, 16, 1))
    x = g.node("Relu", "down.act", conv("down", x, 16, 32, 3, stride=2))
    x = g.node("MaxPool", "pool", x, kernel_shape=[2, 2], strides=[2, 2])
    x = g.node("Flatten", "flat", g.node("GlobalAveragePool", "mean", x))
    x = g.node("Gemm", "classifier", x, g.normal("classifier.w", 32, 10), g.normal("classifier.b", 10, scale=0.1))
    g.output(g.node("Softmax", "scores", x, axis=1), "f32", 1, 10)
    return g


if __name__ == "__main__":
    build().write(sys.argv[1])
