"""Every element-wise math operator, compiled, against float64: random bit patterns of floats, and special values."""
import math

import numpy as np
import pytest

from support import Graph, run_model

erf = np.vectorize(math.erf, otypes=[np.float64])


def softplus(x):
    return np.logaddexp(0, x)


def sigmoid(x):
    return np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x)))


# operator: reference, and the number of ulp that its composition of elementary functions may lose
UNARY = {
    "Abs": (np.abs, 0), "Neg": (np.negative, 0), "Sign": (lambda x: np.where(x == 0, x, np.sign(x)), 0), "Floor": (np.floor, 0), "Ceil": (np.ceil, 0), "Round": (np.rint, 0),
    "Reciprocal": (np.reciprocal, 1), "Sqrt": (np.sqrt, 1), "Exp": (np.exp, 4), "Log": (np.log, 4), "Sin": (np.sin, 4), "Cos": (np.cos, 4),
    "Tan": (np.tan, 4), "Asin": (np.arcsin, 4), "Acos": (np.arccos, 4), "Atan": (np.arctan, 4), "Sinh": (np.sinh, 4), "Cosh": (np.cosh, 4),
    "Tanh": (np.tanh, 4), "Asinh": (np.arcsinh, 4), "Acosh": (np.arccosh, 4), "Atanh": (np.arctanh, 4), "Erf": (erf, 4),
    "Sigmoid": (sigmoid, 4), "Softplus": (softplus, 6), "Softsign": (lambda x: x / (1 + np.abs(x)), 4),
    "Relu": (lambda x: np.where(np.isnan(x), x, np.maximum(x, 0)), 0),
}


def arguments(rng):
    x = rng.integers(0, 2**32, 60000, dtype=np.uint64).astype(np.uint32).view(np.float32)
    powers = np.ldexp(np.float32(1), np.arange(-149, 128)).astype(np.float32)
    special = np.array([0, np.inf, np.nan, 1, 2, 3, 88.7, 88.73, 89.4, 103.9, 104, 709, 1e-38, 1e-45, 3.4e38], np.float32)
    near = rng.standard_normal(60000).astype(np.float32) * 8
    return np.concatenate([x, near, powers, -powers, special, -special, np.linspace(-1, 1, 4001, dtype=np.float32)])


def ulps(got, exact):
    """Errors in units in the last place; infinite where a NaN, an infinity or a zero's sign is wrong."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(np.float32)
        unit = np.ldexp(1.0, np.clip(np.frexp(exact)[1], -125, 128) - 24)
        value = np.where(np.isinf(got), np.copysign(2.0**128, got), got.astype(np.float64))
        error = np.abs(value - exact) / unit
        same = (got == rounded) & (np.signbit(got) == np.signbit(rounded)) | (np.isnan(got) & np.isnan(exact))
        error = np.where(np.isnan(got) != np.isnan(exact), np.inf, error)
        error = np.where((got == 0) & (exact == 0) & (np.signbit(got) != np.signbit(exact)), np.inf, error)
        return np.where(same, 0, error)


@pytest.mark.parametrize("part", range(4))
def test_unary(part):
    graph = Graph(part, opset=18)
    x = arguments(graph.rng)
    value = graph.input(x, ["n"])
    names = {op: graph.output(graph.op(op, value)) for op in list(UNARY)[part::4]}
    got = run_model(graph.model(), graph.feeds)
    worst = {}
    for op, name in names.items():
        function, limit = UNARY[op]
        with np.errstate(all="ignore"):
            error = ulps(got[name], function(x.astype(np.float64)))
        at = int(error.argmax())
        if error[at] > limit:
            worst[op] = f"{error[at]:.2f} ulp at {float(x[at]).hex()} = {x[at]}: {got[name][at]}"
    assert not worst
