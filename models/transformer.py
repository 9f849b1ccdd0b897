#!/usr/bin/env python3
"""models/transformer.json: one layer of a transformer encoder over token ids, seeded weights, any batch and any sequence length up
to 64, with layer normalisation and GELU spelled out as exporters of older opsets do.

    models/transformer.py models/transformer.json
"""
import sys

import numpy as np

from graphs import Graph

VOCABULARY, WIDTH, HEADS, INNER, POSITIONS = 64, 32, 4, 64, 64


def build():
    g = Graph("transformer", seed=3)
    g.weight("two", np.float32(2))
    g.weight("half", np.float32(0.5))
    g.weight("one", np.float32(1))
    g.weight("sqrt2", np.float32(np.sqrt(2)))
    g.weight("epsilon", np.float32(1e-5))
    g.weight("scale", np.float32(1 / np.sqrt(WIDTH // HEADS)))
    g.weight("split", np.array([0, 0, HEADS, WIDTH // HEADS]))
    g.weight("merge", np.array([0, 0, WIDTH]))

    def linear(name, x, cin, cout):
        y = g.node("MatMul", name + ".product", x, g.normal(name + ".w", cin, cout))
        return g.node("Add", name, y, g.normal(name + ".b", cout, scale=0.1))

    def layer_norm(name, x):
        mean = g.node("ReduceMean", name + ".mean", x, axes=[-1])
        centred = g.node("Sub", name + ".centred", x, mean)
        variance = g.node("ReduceMean", name + ".variance", g.node("Pow", name + ".square", centred, "two"), axes=[-1])
        deviation = g.node("Sqrt", name + ".deviation", g.node("Add", name + ".stable", variance, "epsilon"))
        y = g.node("Div", name + ".unit", centred, deviation)
        y = g.node("Mul", name + ".scaled", y, g.weight(name + ".scale", (1 + 0.1 * g.rng.standard_normal(WIDTH)).astype(np.float32)))
        return g.node("Add", name, y, g.normal(name + ".bias", WIDTH, scale=0.1))

    def heads(name, x, perm):
        return g.node("Transpose", name, g.node("Reshape", name + ".heads", x, "split"), perm=perm)

    ids = g.input("ids", "i64", "batch", "seq")
    x = g.node("Gather", "embedded", g.normal("embedding", VOCABULARY, WIDTH, scale=1), ids)
    length = g.node("Gather", "length", g.node("Shape", "shape", ids), g.weight("first", np.array([1])))
    positions = g.node("Slice", "positions", g.normal("position", POSITIONS, WIDTH, scale=0.5), g.weight("zero", np.array([0])), length)
    x = layer_norm("norm0", g.node("Add", "placed", x, positions))
    q = heads("q", linear("query", x, WIDTH, WIDTH), [0, 2, 1, 3])
    k = heads("k", linear("key", x, WIDTH, WIDTH), [0, 2, 3, 1])
    v = heads("v", linear("value", x, WIDTH, WIDTH), [0, 2, 1, 3])
    scores = g.node("Mul", "scores", g.node("MatMul", "qk", q, k), "scale")
    mixed = g.node("MatMul", "mixed", g.node("Softmax", "attention", scores, axis=-1), v)
    merged = g.node("Reshape", "merged", g.node("Transpose", "back", mixed, perm=[0, 2, 1, 3]), "merge")
    x = layer_norm("norm1", g.node("Add", "attended", x, linear("out", merged, WIDTH, WIDTH)))
    y = linear("inner", x, WIDTH, INNER)
    erf = g.node("Erf", "gelu.erf", g.node("Div", "gelu.unit", y, "sqrt2"))
    y = g.node("Mul", "gelu", g.node("Mul", "gelu.product", y, g.node("Add", "gelu.shifted", erf, "one")), "half")
    x = layer_norm("norm2", g.node("Add", "fed", x, linear("outer", y, INNER, WIDTH)))
    g.output(x, "f32", "batch", "seq", WIDTH)
    return g


if __name__ == "__main__":
    build().write(sys.argv[1])
