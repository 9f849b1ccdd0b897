#!/usr/bin/env python3
"""models/mlp.json: a multilayer perceptron, trained here to tell three interleaved spirals apart. Any number of points at once.

    models/mlp.py models/mlp.json
"""
import sys

import numpy as np

from graphs import Graph


def spirals(rng, points):
    """(points, 2) coordinates in [-1, 1] and the spiral that each lies on."""
    label = rng.integers(0, 3, points)
    t = np.sqrt(rng.random(points))
    angle = 4 * t + label * 2 * np.pi / 3 + 0.1 * rng.standard_normal(points)
    return np.stack([t * np.cos(angle), t * np.sin(angle)], 1).astype(np.float32), label


def train(seed=1, width=32, steps=3000, rate=0.01):
    """Adam on the cross entropy; returns [(weight, bias), ...]."""
    rng = np.random.default_rng(seed)
    sizes = [2, width, width, 3]
    layers = [[rng.standard_normal((i, o)) * np.sqrt(2 / i), np.zeros(o)] for i, o in zip(sizes, sizes[1:])]
    moments = [[(np.zeros_like(p), np.zeros_like(p)) for p in layer] for layer in layers]
    for step in range(1, steps + 1):
        x, label = spirals(rng, 256)
        values = [x.astype(np.float64)]
        for i, (w, b) in enumerate(layers):
            y = values[-1] @ w + b
            values.append(np.maximum(y, 0) if i + 1 < len(layers) else y)
        p = np.exp(values[-1] - values[-1].max(1, keepdims=True))
        gradient = p / p.sum(1, keepdims=True)
        gradient[np.arange(len(label)), label] -= 1
        gradient /= len(label)
        for i in reversed(range(len(layers))):
            slopes = [values[i].T @ gradient, gradient.sum(0)]
            gradient = (gradient @ layers[i][0].T) * (values[i] > 0)
            for j, g in enumerate(slopes):
                m, v = moments[i][j]
                m += 0.1 * (g - m)
                v += 0.001 * (g * g - v)
                layers[i][j] = layers[i][j] - rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-8)
    return layers


def build():
    graph = Graph("mlp")
    value = graph.input("points", "f32", "n", 2)
    layers = train()
    for i, (w, b) in enumerate(layers, 1):
        value = graph.node("Gemm", f"layer{i}", value, graph.weight(f"w{i}", w.astype(np.float32)), graph.weight(f"b{i}", b.astype(np.float32)))
        if i < len(layers):
            value = graph.node("Relu", f"relu{i}", value)
    graph.output(graph.node("Softmax", "spiral", value, axis=1), "f32", "n", 3)
    return graph


if __name__ == "__main__":
    build().write(sys.argv[1])
