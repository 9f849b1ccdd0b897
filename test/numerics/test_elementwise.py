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
