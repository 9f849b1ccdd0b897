"""Constants that fold are what kernels compute: each function on values that are hard to hold, once from a weight and once from an input."""
import warnings

import ml_dtypes
import numpy as np
import pytest
from onnx import TensorProto, helper

from support import Graph, run_model

FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 1 / 3, 127.0, 127.5, 128.0, -128.5, -129.0, 255.0, 255.9, 256.0, 32767.5, 32768.0,
          -32769.0, 65504.0, 65519.99, 65520.0, 65535.5, 65536.0, 2.0**24 + 1, 2147483520.0, 2147483647.0, 2147483647.5, 2.0**31, -(2.0**31), -2147483648.5,
          -2147483649.0, 4294967295.0, 2.0**32, 3e9, -3e9, 2.0**53 + 2, 2.0**63 - 1024, 2.0**63, -(2.0**63), -9.3e18, 2.0**64 - 2048, 2.0**64, 1e19, 1e20, -1e20,
          1e38, 3.4e38, 3.5e38, 1e300, -1e300, 1e-7, 5.9e-8, 2.9e-8, 1e-40, 1e-46, 1 + 2.0**-11, 1 + 2.0**-11 + 2.0**-40, 1 + 3 * 2.0**-11 - 2.0**-40,
          1 + 2.0**-8 + 2.0**-30, np.inf, -np.inf, np.nan]
INTEGERS = [0, 1, 2, 3, 7, 100, 127, 128, 129, 255, 256, 257, 2049, 32767, 32768, 32769, 65503, 65519, 65520, 65535, 65536, 2**24 + 1, 2**24 + 3, 2**31 - 1, 2**31,
            2**32 - 1, 2**32, 2**53 + 1, 2**62 + 1, 2**63 - 513, 2**63 - 1]
TYPES = ["float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]


def type_of(name):
    return np.dtype(ml_dtypes.bfloat16 if name == "bfloat16" else name)


def edges(name):
    """Every value above that the type holds, and the type's own extremes."""
    dtype = type_of(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if name == "bool":
            return np.array([False, True])
        if dtype.kind in "fV":
            return np.array(FLOATS, np.float64).astype(dtype)
        info = np.iinfo(dtype)
        values = {v for v in INTEGERS + [-v for v in INTEGERS] + [info.min, info.min + 1, info.max, info.max - 1] if info.min <= v <= info.max}
        return np.array(sorted(values), dtype)


def run_both(graph, functions, *arrays):
    """Outputs of each function of inputs and of weights: [(name, from a kernel, folded)]."""
    inputs, weights = [graph.input(a) for a in arrays], [graph.weight(a) for a in arrays]
    for operands in (inputs, weights):
        for _, function in functions:
            graph.output(graph.op("Identity", function(*operands)))
    got = list(run_model(graph.model(), graph.feeds).values())
    return [(name, a, b) for (name, _), a, b in zip(functions, got, got[len(functions):])]


def assert_same(name, kernel, folded, arrays, rtol=0.0):
    """The same bits, zeros' signs too; any NaN is like another. With rtol, finite numbers may differ that much."""
    assert kernel.dtype == folded.dtype and kernel.shape == folded.shape, name
    if kernel.dtype.kind not in "fV":
        same = kernel == folded
    else:
        a, b = kernel.astype(np.float64), folded.astype(np.float64)
        with np.errstate(all="ignore"):
            tiny = 0 if rtol == 0 else 6e-8 if kernel.dtype == np.float16 else 1.2e-38  # what subnormal numbers are apart, or are flushed to
            near = np.isfinite(a) & np.isfinite(b) & (np.abs(a - b) <= rtol * np.abs(b) + tiny)
        same = (np.isnan(a) & np.isnan(b)) | ((a == b) & (np.signbit(a) == np.signbit(b))) | (near & (rtol > 0))
    wrong = [([a.ravel()[i] if a.size > 1 else a for a in arrays], kernel.ravel()[i], folded.ravel()[i]) for i in np.flatnonzero(~same)[:6]]
    assert not wrong, f"{name}: (operands, kernel, folded): {wrong}"


@pytest.mark.parametrize("name", TYPES)
def test_casts(name):
    values = edges(name)
    graph = Graph(1)
    codes = [(to, helper.np_dtype_to_tensor_dtype(type_of(to))) for to in TYPES if to != name]
    functions = [(f"{name} to {to}", lambda x, code=code: graph.op("Cast", x, to=code)) for to, code in codes]
    for case, kernel, folded in run_both(graph, functions, values):
        assert_same(case, kernel, folded, [values])


def test_cast_values():
    """What the bits are: NaN and what is too small become the least integer, what is too large the largest, of the 32 or 64 bits that are then cut off."""
    x = np.array([np.nan, -np.inf, np.inf, 3e9, -3e9, 300.7, -1.5, 1e19, 2e19], np.float32)
    low, high = -(2**31), 2**31 - 1
    wants = {TensorProto.INT32: np.array([low, low, high, high, low, 300, -1, high, high], np.int32),
             TensorProto.INT8: np.array([low, low, high, high, low, 300, -1, high, high]).astype(np.int8),
             TensorProto.UINT8: np.array([low, low, high, high, low, 300, -1, high, high]).astype(np.uint8),
             TensorProto.UINT32: np.array([0, 0, 2**32 - 1, 3 * 10**9, 2**32 - 3 * 10**9, 300, 2**32 - 1, 2**32 - 1, 2**32 - 1], np.uint32),
             TensorProto.INT64: np.array([-(2**63), -(2**63), 2**63 - 1, 3 * 10**9, -3 * 10**9, 300, -1, 2**63 - 1, 2**63 - 1]),
             TensorProto.UINT64: np.array([2**63, 2**63, 2**64 - 1, 3 * 10**9, 2**64 - 3 * 10**9, 300, 2**64 - 1, int(np.float32(1e19)), 2**64 - 1], np.uint64),
             TensorProto.BOOL: np.ones(9, bool)}
    graph = Graph(2)
    functions = [(str(to), lambda v, to=to: graph.op("Cast", v, to=to)) for to in wants]
    for (case, kernel, folded), want in zip(run_both(graph, functions, x), wants.values()):
        np.testing.assert_array_equal(kernel, want, err_msg=case)
        np.testing.assert_array_equal(folded, want, err_msg=case)


UNARY = ["Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Reciprocal", "Sqrt", "Exp", "Log", "Atan", "Tanh", "Erf", "Relu", "Softsign", "Sigmoid", "Softplus", "Mish",
         "HardSwish", "IsNaN", "IsInf", "Sinh", "Asinh", "Acosh", "Atanh", "Asin", "Acos"]
WITH_ATTRIBUTES = [("LeakyRelu", {"alpha": 0.3}), ("Elu", {"alpha": 1.5}), ("Celu", {"alpha": 0.7}), ("Selu", {}), ("HardSigmoid", {"alpha": 0.3}), ("ThresholdedRelu", {"alpha": 0.4}),
                   ("Shrink", {"lambd": 0.3, "bias": 0.1}), ("IsInf", {"detect_negative": 0}), ("IsInf", {"detect_positive": 0}), ("Gelu", {}), ("Gelu", {"approximate": "tanh"}),
                   ("Swish", {}), ("Swish", {"alpha": 1.7})]
ULPS = {"float32": 2.0**-20, "float64": 2.0**-44, "float16": 2.0**-10, "bfloat16": 2.0**-7}


@pytest.mark.parametrize("name", ["float32", "float64", "float16"])
def test_unary(name):
    values = edges(name)
    graph = Graph(3, opset=24)
    functions = [(f"{op} {a}", lambda x, op=op, a=a: graph.op(op, x, **a)) for op, a in [*[(op, {}) for op in UNARY], *WITH_ATTRIBUTES]
                 if name == "float32" or op not in ("Mish", "HardSwish")]
    for case, kernel, folded in run_both(graph, functions, values):
        # 1 + erf(x) cancels below 0.
        assert_same(f"{name} {case}", kernel, folded, [values], ULPS[name] * (16 if "Gelu" in case else 1))


@pytest.mark.parametrize("name", ["int8", "int32", "int64", "uint8", "uint64"])
def test_unary_of_integers(name):
    values = edges(name)
    graph = Graph(4)
    functions = [("Abs", lambda x: graph.op("Abs", x)), ("Sign", lambda x: graph.op("Sign", x)), ("Shrink", lambda x: graph.op("Shrink", x, lambd=3.0, bias=2.0))]
    functions += [("BitwiseNot", lambda x: graph.op("BitwiseNot", x))]
    if name[0] == "i":
        functions += [("Neg", lambda x: graph.op("Neg", x)), ("Relu", lambda x: graph.op("Relu", x))]
    for case, kernel, folded in run_both(graph, functions, values):
        assert_same(f"{name} {case}", kernel, folded, [values])


def pairs(a, b):
    return [m.ravel().copy() for m in np.meshgrid(a, b, indexing="ij")]


@pytest.mark.parametrize("name", ["float32", "float64", "float16"])
def test_binary(name):
    a, b = pairs(edges(name), edges(name))
    graph = Graph(5)
    functions = [(op, lambda x, y, op=op: graph.op(op, x, y)) for op in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Pow", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual",
                                                                       "PRelu")]
    functions.append(("Mod", lambda x, y: graph.op("Mod", x, y, fmod=1)))
    for case, kernel, folded in run_both(graph, functions, a, b):
        # The least zero of two of either sign may be either.
        if case in ("Min", "Max"):
            kernel, folded = kernel + 0, folded + 0
        assert_same(f"{name} {case}", kernel, folded, [a, b], ULPS[name] if case == "Pow" else 0)


@pytest.mark.parametrize("name", ["int8", "int32", "int64", "uint8", "uint32", "uint64"])
def test_binary_of_integers(name):
    a, b = pairs(edges(name), edges(name))
    graph = Graph(6)
    ops = ["Add", "Sub", "Mul", "Min", "Max", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "BitwiseAnd", "BitwiseOr", "BitwiseXor"]
    functions = [(op, lambda x, y, op=op: graph.op(op, x, y)) for op in ops]
    if name[0] == "u":
        functions += [(d, lambda x, y, d=d: graph.op("BitShift", x, y, direction=d)) for d in ("LEFT", "RIGHT")]
    for case, kernel, folded in run_both(graph, functions, a, b):
        assert_same(f"{name} {case}", kernel, folded, [a, b])
    a, b = a[b != 0], b[b != 0]
    graph = Graph(7)
    functions = [("Div", lambda x, y: graph.op("Div", x, y)), ("Mod", lambda x, y: graph.op("Mod", x, y)), ("fmod", lambda x, y: graph.op("Mod", x, y, fmod=1))]
    for case, kernel, folded in run_both(graph, functions, a, b):
        assert_same(f"{name} {case}", kernel, folded, [a, b])


@pytest.mark.parametrize("exponent", ["float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"])
@pytest.mark.parametrize("base", ["float32", "float64", "float16", "bfloat16", "int32", "int64"])
def test_powers(base, exponent):
    a, b = pairs(edges(base), edges(exponent))
    graph = Graph(8)
    (_, kernel, folded), = run_both(graph, [("Pow", lambda x, y: graph.op("Pow", x, y))], a, b)
    if base[0] == "i" and exponent[0] in "fb":  # truncated: one unit beside the rounding of a large power
        with np.errstate(all="ignore"):
            far = np.abs(kernel.astype(np.float64) - folded.astype(np.float64)) > 2.0**-44 * np.abs(folded.astype(np.float64))
        kernel = np.where(far, kernel, folded)
    assert_same(f"{base} to {exponent}", kernel, folded, [a, b], ULPS.get(base, 0))
