"""Element-wise functions, broadcasts, reductions and normalisations, with NaN, infinities, zeros and subnormals, against ONNX Runtime."""
import numpy as np
import pytest

from support import Graph, assert_close, check, run_model

SPECIAL = np.array([0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 1e38, -1e38, 88.7, 88.8, -87.3, -103.9, 0.5, -0.5, 1.5, 2.5,
                    1e-7, 3.14159265, -1e4, 1e5, 65504], np.float32)

# Reference functions in float64, and the argument's range.
UNARY = {
    "Abs": (np.abs, None), "Neg": (np.negative, None), "Floor": (np.floor, None), "Ceil": (np.ceil, None), "Round": (np.round, None),
    "Sqrt": (np.sqrt, None), "Exp": (np.exp, None), "Log": (np.log, None), "Sin": (np.sin, 1e3), "Cos": (np.cos, 1e3), "Tan": (np.tan, 1e2),
    "Asin": (np.arcsin, 1), "Acos": (np.arccos, 1), "Atan": (np.arctan, None), "Sinh": (np.sinh, None), "Cosh": (np.cosh, None),
    "Tanh": (np.tanh, None), "Asinh": (np.arcsinh, None), "Acosh": (np.arccosh, None), "Atanh": (np.arctanh, 1), "Reciprocal": (np.reciprocal, None),
    "Sigmoid": (lambda x: 1 / (1 + np.exp(-x)), None), "Softplus": (lambda x: np.logaddexp(x, 0), None), "Relu": (lambda x: np.where(x < 0, 0, x), None),
    "Sign": (np.sign, None),
}


@pytest.mark.parametrize("name", sorted(UNARY))
def test_unary(name):
    """Against float64: to a few units in the last place, and exact for infinities and NaN."""
    function, limit = UNARY[name]
    graph = Graph(1)
    values = np.concatenate([SPECIAL, graph.rng.standard_normal(1000).astype(np.float32) * 3,
                             np.exp(graph.rng.uniform(-80, 80, 1000)).astype(np.float32), -np.exp(graph.rng.uniform(-80, 80, 999)).astype(np.float32)])
    if limit:
        values = values[~(np.abs(values) > limit)]
    graph.output(graph.op(name, graph.input(values)))
    got = run_model(graph.model(), graph.feeds)[graph.outputs[0]]
    with np.errstate(all="ignore"):
        want = function(values.astype(np.float64)).astype(np.float32)
    # Subnormal results may be flushed; nothing else may be off by more than 4 units in the last place.
    assert_close({name: got}, {name: want}, rtol=4 * 2.0**-24 * 2, atol=1.2e-38)


def activation_graph(x):
    graph = Graph(2)
    v = graph.input(x)
    for op, attributes in [("LeakyRelu", {"alpha": 0.1}), ("Elu", {"alpha": 1.5}), ("Selu", {}), ("Celu", {"alpha": 0.7}), ("HardSigmoid", {"alpha": 0.3}),
                           ("HardSwish", {}), ("Mish", {}), ("Softsign", {}), ("ThresholdedRelu", {"alpha": 0.4}), ("Shrink", {"lambd": 0.3, "bias": 0.1}),
                           ("Erf", {}), ("IsNaN", {}), ("IsInf", {"detect_negative": 0})]:
        graph.output(graph.op(op, v, **attributes))
    graph.output(graph.op("Clip", v, graph.weight(np.float32(-0.5)), graph.weight(np.float32(0.8))))
    graph.output(graph.op("Clip", v, "", graph.weight(np.float32(0.8))))
    graph.output(graph.op("PRelu", v, graph.normal_weight(*x.shape[1:])))
    return graph


def test_activations():
    rng = np.random.default_rng(3)
    check(activation_graph(rng.standard_normal((3, 37)).astype(np.float32) * 4), rtol=2e-5, atol=1e-6)


def test_relu_family_keeps_nan():
    graph = Graph(4)
    x = graph.input(SPECIAL)
    for op in ("Relu", "LeakyRelu", "Abs", "Neg"):
        graph.output(graph.op(op, x))
    y = graph.input(np.roll(SPECIAL, 5))
    for op in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Less", "Equal", "GreaterOrEqual"):
        graph.output(graph.op(op, x, y))
    graph.output(graph.op("Where", graph.op("IsNaN", x), y, x))
    check(graph)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("dtype", ["float32", "int64", "int32"])
def test_broadcast(seed, dtype):
    graph = Graph(100 + seed)
    rng = graph.rng

    def value(shape):
        if dtype == "float32":
            return graph.input(rng.standard_normal(shape).astype(np.float32))
        return graph.input(rng.integers(1, 50, shape).astype(dtype))

    for op in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Less", "Greater", "Equal"):
        full = [int(v) for v in rng.integers(1, 8, rng.integers(1, 5))]
        left = [1 if rng.random() < 0.3 else d for d in full]
        right = [1 if rng.random() < 0.3 else d for d in full][int(rng.integers(0, len(full))):]
        graph.output(graph.op(op, value(left), value(right)))
    check(graph)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_integers(dtype):
    graph = Graph(9)
    a = graph.input(graph.rng.integers(-40, 40, (3, 17)).astype(dtype))
    b = graph.input(np.where(graph.rng.integers(0, 2, (3, 17)), 7, -3).astype(dtype))
    graph.output(graph.op("Div", a, b))
    graph.output(graph.op("Mod", a, b))
    graph.output(graph.op("Mod", a, b, fmod=1))
    for op in ("Abs", "Neg", "Sign"):
        graph.output(graph.op(op, a))
    graph.output(graph.op("Pow", a, graph.weight(np.array(2, dtype))))
    for to in (1, 6, 7, 9, 11):
        graph.output(graph.op("Cast", a, to=to))
    check(graph)


def test_logic():
    graph = Graph(10)
    a, b = (graph.input(graph.rng.integers(0, 2, (4, 1, 9)).astype(bool)), graph.input(graph.rng.integers(0, 2, (5, 9)).astype(bool)))
    for op in ("And", "Or", "Xor", "Equal"):
        graph.output(graph.op(op, a, b))
    graph.output(graph.op("Not", a))
    graph.output(graph.op("Where", a, graph.normal(5, 9), graph.normal(1)))
    for to in (1, 6, 7):
        graph.output(graph.op("Cast", a, to=to))
    check(graph)


def test_casts():
    graph = Graph(11)
    x = graph.input((graph.rng.standard_normal((5, 33)) * 60).astype(np.float32))
    for to in (3, 6, 7, 9, 10, 11):
        graph.output(graph.op("Cast", x, to=to))
    graph.output(graph.op("Cast", graph.op("Cast", x, to=10), to=1))
    check(graph)


REDUCTIONS = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceLogSumExp", "ReduceSumSquare", "ReduceLogSum"]


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reduce(name):
    graph = Graph(12)
    values = (graph.rng.random((3, 5, 4, 7)) + 0.5).astype(np.float32)
    x = graph.input(values)
    for axes in ([3], [1], [0], [1, 2], [0, 3], [-1, -2], [0, 1, 2, 3]):
        for keepdims in (0, 1):
            graph.output(graph.op(name, x, graph.weight(np.array(axes)), keepdims=keepdims))
    graph.output(graph.op(name, x))
    graph.output(graph.op(name, graph.normal(2, 1000)) if name not in ("ReduceLogSum", "ReduceProd") else x and graph.op(name, x))
    check(graph, rtol=1e-5, atol=1e-5)


def test_reduce_special_values():
    """As NumPy has it: NaN stays NaN (ONNX Runtime's ReduceMax skips it)."""
    graph = Graph(13)
    values = np.array([[1, np.nan, 3], [np.inf, 1, 2], [-np.inf, 0, 5], [-np.inf, -np.inf, -np.inf]], np.float32)
    x = graph.input(values)
    functions = {"ReduceMax": np.max, "ReduceMin": np.min, "ReduceSum": np.sum, "ReduceMean": np.mean}
    for name in functions:
        graph.output(graph.op(name, x, graph.weight(np.array([1])), keepdims=0))
    got = run_model(graph.model(), graph.feeds)
    assert_close(got, dict(zip(graph.outputs, [f(values, axis=1) for f in functions.values()])))


def test_arg_reductions():
    graph = Graph(14)
    x = graph.input(graph.rng.integers(0, 6, (3, 8, 5)).astype(np.float32))
    for op in ("ArgMax", "ArgMin"):
        for axis in (0, 1, 2, -1):
            for last in (0, 1):
                graph.output(graph.op(op, x, axis=axis, keepdims=last, select_last_index=last))
    check(graph)


def arg_reference(op, values, axis, last):
    """The first or last index of the extreme, as NumPy has it: a NaN is the extreme."""
    extreme = (np.argmax if op == "ArgMax" else np.argmin)
    if not last:
        return np.expand_dims(extreme(values, axis), axis)
    return np.expand_dims(values.shape[axis] - 1 - extreme(np.flip(values, axis), axis), axis)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int8, np.uint8, np.int32, np.int64])
def test_arg_reductions_in_lanes(dtype):
    """Ties, NaNs, infinities and zeros of both signs, where each lane has a partial result: rows of whole vectors, with rests, and few."""
    graph = Graph(18)
    extremes = {"ArgMax": [], "ArgMin": []}
    for rows, n in ((2, 1), (3, 7), (5, 16), (4, 100), (3, 1000), (1, 4099)):
        if np.dtype(dtype).kind == "f":
            values = graph.rng.choice(np.array([1, 2, 2.5, 0.0, -0.0, np.inf, -np.inf, np.nan], dtype), (rows + 4, n), p=[.3, .2, .2, .1, .1, .03, .04, .03])
            values[0], values[1], values[2] = -np.inf, np.inf, -0.0
            values[2, n // 2:] = 0
            values[3] = np.where(np.arange(n) % 5 == 3, 7, 6)
        else:
            values = graph.rng.integers(np.iinfo(dtype).min, 5, (rows + 2, n), dtype, endpoint=True)
            values[0], values[1] = np.iinfo(dtype).min, np.iinfo(dtype).max
        x = graph.input(values)
        t = graph.input(np.ascontiguousarray(values.T))
        for op, wanted in extremes.items():
            for last in (0, 1):
                wanted.append((graph.op(op, x, axis=1, select_last_index=last), arg_reference(op, values, 1, last)))
                wanted.append((graph.op(op, t, axis=0, select_last_index=last), arg_reference(op, values.T, 0, last)))
    wanted = extremes["ArgMax"] + extremes["ArgMin"]
    for name, _ in wanted:
        graph.output(name)
    got = run_model(graph.model(), graph.feeds)
    for output, (_, want) in zip(graph.outputs, wanted):
        np.testing.assert_array_equal(got[output], want)


def test_softmax():
    graph = Graph(15)
    x = graph.input((graph.rng.standard_normal((3, 9, 17)) * 20).astype(np.float32))
    for op in ("Softmax", "LogSoftmax", "Hardmax"):
        for axis in (0, 1, 2, -1):
            graph.output(graph.op(op, x, axis=axis))
    graph.output(graph.op("Softmax", graph.normal(2, 1000), axis=-1))
    masked = graph.input(np.where(graph.rng.random((4, 21)) < 0.5, -np.inf, graph.rng.standard_normal((4, 21))).astype(np.float32))
    graph.output(graph.op("Softmax", masked, axis=-1))
    check(graph, rtol=1e-5, atol=1e-6)


def test_normalisations():
    graph = Graph(16)
    rng = graph.rng
    x = graph.normal(2, 12, 7, 9)
    scale, bias, mean = graph.normal_weight(12), graph.normal_weight(12), graph.normal_weight(12)
    variance = graph.weight((rng.random(12) + 0.3).astype(np.float32))
    graph.output(graph.op("BatchNormalization", x, scale, bias, mean, variance, epsilon=1e-3))
    graph.output(graph.op("InstanceNormalization", x, scale, bias, epsilon=1e-3))
    graph.output(graph.op("LRN", x, size=5, alpha=0.01, beta=0.7, bias=1.5))
    graph.output(graph.op("LpNormalization", x, axis=1, p=2))
    tokens = graph.normal(3, 5, 40)
    for axis in (-1, 1):
        shape = (40,) if axis == -1 else (5, 40)
        graph.output(graph.op("LayerNormalization", tokens, graph.normal_weight(*shape), graph.normal_weight(*shape), axis=axis))
    graph.output(graph.op("MeanVarianceNormalization", x))
    check(graph, rtol=1e-4, atol=1e-5)


def test_group_norm():
    graph = Graph(17, opset=21)
    x = graph.normal(2, 12, 5, 7)
    graph.output(graph.op("GroupNormalization", x, graph.normal_weight(12), graph.normal_weight(12), num_groups=3))
    check(graph, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("opset", [18, 21])
def test_group_norm_of_rank_2(opset):
    """[batch, channels] without space: a group is some channels."""
    graph = Graph(19, opset=opset)
    for groups, dims in [(3, None), (1, ["n", 12]), (6, ["m", 12])]:
        x = graph.rng.standard_normal((5, 12)).astype(np.float32)
        count = groups if opset < 21 else 12
        scale, bias = graph.rng.standard_normal((2, count)).astype(np.float32)
        graph.output(graph.op("GroupNormalization", graph.input(x, dims), graph.weight(scale), graph.weight(bias), num_groups=groups))
        grouped = x.astype(np.float64).reshape(5, groups, -1)
        normal = (grouped - grouped.mean(2, keepdims=True)) / np.sqrt(grouped.var(2, keepdims=True) + 1e-5)
        spread = [np.repeat(v, 12 // count) for v in (scale, bias)]
        want = (normal.reshape(5, 12) * spread[0] + spread[1]).astype(np.float32)
        got = run_model(graph.model(), graph.feeds)[graph.outputs[-1]]
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


POWERS = {"float32": [0.0, -0.0, 1, -1, np.inf, -np.inf, np.nan, 2, -2, 0.5, -8, 1e-40, 1.0000001], "int64": [0, 1, -1, 2, -3, 10, 2**31 + 1, -(2**63)]}


@pytest.mark.parametrize("exponent", [0.5, -0.5, 0.0, 1.0, 2.0, 3.0, -1.0, 4.0, 1 / 3, np.inf])
def test_constant_powers(exponent):
    """A power with a constant is that of any other exponent: +0 and +inf for roots of -0 and -inf, unlike sqrt."""
    graph = Graph(20)
    x = np.array(POWERS["float32"], np.float32)
    graph.output(graph.op("Pow", graph.input(x), graph.weight(np.float32(exponent))))
    graph.output(graph.op("Pow", graph.weight(x), graph.weight(np.float32(exponent))))
    got = run_model(graph.model(), graph.feeds)
    with np.errstate(all="ignore"):
        # With one exponent NumPy takes a square root.
        want = np.power(x.astype(np.float64), np.full(len(x), np.float32(exponent), np.float64)).astype(np.float32)
    for name in graph.outputs:
        np.testing.assert_allclose(got[name], want, rtol=1e-6, atol=1.2e-38)
        zeros = (want == 0) & (np.abs(x) != np.float32(1e-40))
        np.testing.assert_array_equal(np.signbit(got[name][zeros]), np.signbit(want[zeros]), err_msg=name)


def test_powers_of_integers():
    """Exact, modulo 2^width, as NumPy's; powers below 1 are truncated."""
    graph = Graph(21)
    wants = []
    for base, exponent in [("int64", "int64"), ("int32", "int32"), ("int64", "int32"), ("int32", "int64"), ("int64", "uint8"), ("int32", "uint64")]:
        rng, bits = graph.rng, 8 * np.dtype(base).itemsize
        high = min(np.iinfo(exponent).max, 2**62)
        a = np.concatenate([rng.integers(-12, 13, 40), rng.integers(-(2**31), 2**31, 20)]).astype(base)
        b = np.concatenate([rng.integers(0, 40, 40), rng.integers(0, high, 20, np.int64)]).astype(exponent)
        powers = [pow(int(x), int(y), 2**bits) for x, y in zip(a, b)]
        want = np.array([v - 2**bits if v >= 2 ** (bits - 1) else v for v in powers]).astype(base)
        for x, y in ((graph.input(a), graph.input(b)), (graph.weight(a), graph.weight(b))):
            graph.output(graph.op("Pow", x, y))
            wants.append(want)
    for n in (2, 3, 5, 39):
        x = np.array(POWERS["int64"][:7])
        graph.output(graph.op("Pow", graph.input(x), graph.weight(np.array(n))))
        wants.append(x**n)
    negative = np.array([1, -1, 2, 5, -1])
    graph.output(graph.op("Pow", graph.input(negative), graph.input(np.array([-1, -3, -1, -2, -4]))))
    wants.append(np.array([1, -1, 0, 0, 1]))
    got = run_model(graph.model(), graph.feeds)
    for name, want in zip(graph.outputs, wants):
        np.testing.assert_array_equal(got[name], want, err_msg=name)


def test_powers_with_large_exponents():
    """Whether an integer is odd counts where f32 and f64 do not tell any more."""
    x = np.array([1.0000001, -1, -1, 2, -2, -1, -0.0, -np.inf], np.float32)
    y = np.array([2**40, 2**40 + 1, 2**53 + 1, 200, 127, 2**62 + 2, -(2**53) - 1, 2**53 + 1])
    graph = Graph(22)
    for a, b in ((graph.input(x), graph.input(y)), (graph.weight(x), graph.weight(y)), (graph.input(x), graph.weight(y))):
        graph.output(graph.op("Pow", a, b))
    graph.output(graph.op("Pow", graph.input(np.array([2, 9], np.float32)), graph.input(np.array([0.1, 0.5]))))
    got = list(run_model(graph.model(), graph.feeds).values())
    for v in got[:3]:
        np.testing.assert_allclose(v, np.array([np.inf, -1, -1, np.inf, -(2.0**127), 1, -np.inf, -np.inf], np.float32), rtol=1e-6)
    np.testing.assert_allclose(got[3], np.array([2**0.1, 3], np.float32), rtol=1e-7)


def test_layer_norm_and_gelu_from_their_parts():
    """The patterns that exporters write out must give the same numbers as the parts."""
    graph = Graph(18)
    x = graph.normal(2, 9, 33)
    axes = graph.weight(np.array([-1]))
    centred = graph.op("Sub", x, graph.op("ReduceMean", x, axes))
    variance = graph.op("ReduceMean", graph.op("Pow", centred, graph.weight(np.float32(2))), axes)
    y = graph.op("Div", centred, graph.op("Sqrt", graph.op("Add", variance, graph.weight(np.float32(1e-5)))))
    y = graph.op("Add", graph.op("Mul", y, graph.normal_weight(33)), graph.normal_weight(33))
    e = graph.op("Erf", graph.op("Div", y, graph.weight(np.float32(2**0.5))))
    graph.output(graph.op("Mul", graph.op("Mul", y, graph.op("Add", e, graph.weight(np.float32(1)))), graph.weight(np.float32(0.5))))
    s = graph.op("HardSigmoid", y, alpha=1 / 6, beta=0.5)
    graph.output(graph.op("Mul", y, s))
    graph.output(graph.op("Mul", y, graph.op("Sigmoid", y)))
    graph.output(graph.op("Mul", y, graph.op("Tanh", graph.op("Softplus", y))))
    check(graph, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("shape", [(), (1,), (3, 37)])
def test_integer_powers(shape):
    """Of any size, one element included, modulo the type's range."""
    graph = Graph(77)
    for base in (np.int64, np.int32):
        for exponent in (np.int64, np.int32):
            x = np.asarray(graph.rng.integers(-7, 8, shape), base)
            y = np.asarray(graph.rng.integers(0, 70, shape), exponent)
            graph.output(graph.op("Pow", graph.input(x), graph.input(y)))
    with np.errstate(over="ignore"):
        want = [np.power(graph.feeds[n.input[0]], graph.feeds[n.input[1]].astype(graph.feeds[n.input[0]].dtype)) for n in graph.nodes]
    got = run_model(graph.model(), graph.feeds)
    for g, w in zip(got.values(), want, strict=True):
        np.testing.assert_array_equal(g, w)
