"""Sizes that only a run knows: one artifact, many sizes; right ones against NumPy, wrong ones end in an error that names the node."""
import ctypes
import json
import tempfile

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from support import Refused, compile_model, girih, girih_command

F32, I64 = np.float32, np.int64
MOST, LEAST = 2**63 - 1, -(2**63)


def iota(*shape, dtype=F32):
    return np.arange(1, 1 + int(np.prod(shape)), dtype=dtype).reshape(shape)


def build(nodes, inputs, weights=None, opset=18):
    """nodes: "y = Op(a, b)" with attributes; inputs: {name: (dtype, dims)}; every result that nothing reads is an output."""
    made = []
    for text, attributes in [n if isinstance(n, tuple) else (n, {}) for n in nodes]:
        results, call = text.split(" = ")
        op, operands = call[:-1].split("(")
        names = [x.strip().strip("-") for x in operands.split(",")]
        made.append(helper.make_node(op, names, results.split(", "), name=results.split(", ")[0], **attributes))
    read = {x for n in made for x in n.input}
    results = [x for n in made for x in n.output if x not in read]
    values = [helper.make_tensor_value_info(k, helper.np_dtype_to_tensor_dtype(np.dtype(t)), d) for k, (t, d) in inputs.items()]
    outputs = [helper.make_tensor_value_info(r, TensorProto.UNDEFINED, None) for r in results]
    for o in outputs:
        o.ClearField("type")
    constants = [numpy_helper.from_array(np.asarray(v), k) for k, v in (weights or {}).items()]
    model = helper.make_model(helper.make_graph(made, "g", values, outputs, constants), opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8 if opset < 19 else 10
    return model


def check(model, right, wrong=()):
    """right: (feeds, results) pairs; wrong: (feeds, text of the error) pairs. On one and on two threads."""
    with tempfile.TemporaryDirectory() as folder:
        path = compile_model(model, folder)
        for threads in (1, 2):
            loaded = girih.load(path, threads=threads)
            for feeds, want in right:
                for g, w in zip(loaded.run(feeds).values(), want, strict=True):
                    assert g.shape == w.shape and g.dtype == w.dtype
                    np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-6)
            for feeds, text in wrong:
                with pytest.raises(girih.InputError) as error:
                    loaded.run(feeds)
                assert text in str(error.value), error.value


def vector(*values):
    return np.array(values, I64)


#===-- Slices and splits ---------------------------------------------------===#


@pytest.mark.parametrize("dims", [[10], ["n"]])
@pytest.mark.parametrize("step", [1, 2, 3, -1, -2])
def test_slice_at_run_time(dims, step):
    """Starts and ends of either sign, within and far outside, count and clamp as NumPy's; but a start below the dimension is clamped into it going
    down, where NumPy's slice is empty (ONNX: starts are clamped to [0, size - 1])."""
    model = build(["y = Slice(x, s, e, axes, steps)"], {"x": (F32, dims), "s": (I64, [1]), "e": (I64, [1])},
                  {"axes": vector(0), "steps": vector(step)})
    right = []
    for n in [10] if dims == [10] else [0, 1, 10]:
        x = iota(n)
        for s in (0, 1, 9, 10, 15, -1, -3, -10, -12, MOST, LEAST):
            for e in (0, 2, 10, 12, -1, -4, -11, MOST, LEAST):
                start = max(s, -n) if step < 0 else s
                right.append(({"x": x, "s": vector(s), "e": vector(e)}, [x[start:e:step]]))
    check(model, right)


def test_slice_by_sizes():
    """x[n - 5:], x[:n - 5]: negative for small n."""
    model = build(["n = Shape(x)", "k = Sub(n, five)", "y = Slice(x, k, most)", "z = Slice(x, zero, k)"], {"x": (F32, ["n"])},
                  {"five": vector(5), "most": vector(MOST), "zero": vector(0)})
    check(model, [({"x": iota(n)}, [iota(n)[n - 5 :], iota(n)[: n - 5]]) for n in (0, 1, 3, 5, 9)])


def test_slice_constant_start_below_the_dimension():
    model = build(["y = Slice(x, s, e, a, t)"], {"x": (F32, ["n"])}, {"s": vector(-9), "e": vector(LEAST), "a": vector(0), "t": vector(-1)})
    check(model, [({"x": iota(4)}, [iota(4)[:1]]), ({"x": iota(12)}, [iota(12)[-9::-1]]), ({"x": iota(0)}, [iota(0)])])


def test_split():
    x = {"x": (F32, ["n", 2])}
    constant = build([("a, b = Split(x, s)", {"axis": 0})], x, {"s": vector(2, 4)})
    check(constant, [({"x": iota(6, 2)}, [iota(6, 2)[:2], iota(6, 2)[2:]])],
          [({"x": iota(n, 2)}, f"'a' needs n to be 6, but it is {n}; n is dimension 0 of input 'x'") for n in (5, 7)])
    given = build([("a, b = Split(x, s)", {"axis": 0})], {**x, "s": (I64, [2])})
    check(given, [({"x": iota(6, 2), "s": vector(k, 6 - k)}, [iota(6, 2)[:k], iota(6, 2)[k:]]) for k in (0, 2, 6)],
          [({"x": iota(6, 2), "s": vector(*s)}, "'a' needs") for s in ((2, 7), (1, 2), (-1, 7), (MOST, MOST), (2**62, 2**62))])
    halves = build([("a, b = Split(x)", {"axis": 0})], x, opset=13)
    check(halves, [({"x": iota(6, 2)}, [iota(6, 2)[:3], iota(6, 2)[3:]])], [({"x": iota(7, 2)}, "'a' needs")])
    parts = build([("a, b, c = Split(x)", {"axis": 0, "num_outputs": 3})], x)
    check(parts, [({"x": iota(n, 2)}, [iota(n, 2)[:k], iota(n, 2)[k : 2 * k], iota(n, 2)[2 * k :]]) for n, k in ((6, 2), (7, 3), (5, 2))],
          [({"x": iota(4, 2)[:1]}, "'a' needs")])


#===-- Broadcasting --------------------------------------------------------===#


@pytest.mark.parametrize("op", ["Add", "Where", "MatMul", "Max"])
def test_broadcast_between_names(op):
    """Dimensions of different names: either may be 1."""
    names = {"a": ["b1", "h1", "m", "k"], "b": ["b2", "h2", "k", "p"]} if op == "MatMul" else {"a": ["b1", 2, "t1", "s1"], "b": ["b2", 1, "t2", "s2"]}
    inputs = {k: (F32, d) for k, d in names.items()}
    if op == "Where":
        inputs["c"] = (np.bool_, ["t3", "s3"])
    model = build(["y = Where(c, a, b)" if op == "Where" else f"y = {op}(a, b)"], inputs)
    rng = np.random.default_rng(1)

    def case(a, b, c=None):
        feeds = {"a": rng.standard_normal(a).astype(F32), "b": rng.standard_normal(b).astype(F32)}
        if op == "Where":
            feeds["c"] = rng.standard_normal(c) > 0
            return feeds, [np.where(feeds["c"], feeds["a"], feeds["b"])]
        return feeds, [{"Add": np.add, "Max": np.maximum, "MatMul": np.matmul}[op](feeds["a"], feeds["b"])]

    if op == "MatMul":
        right = [case((3, 2, 4, 5), (3, 2, 5, 6)), case((3, 2, 4, 5), (1, 2, 5, 6)), case((1, 1, 4, 5), (3, 2, 5, 6)), case((3, 1, 33, 17), (1, 2, 17, 40))]
        wrong = [((3, 2, 4, 5), (2, 2, 5, 6)), ((3, 3, 4, 5), (1, 2, 5, 6))]
    else:
        sizes = [((3, 2, 4, 5), (3, 1, 4, 5)), ((3, 2, 4, 5), (1, 1, 4, 5)), ((1, 2, 4, 5), (3, 1, 4, 5)), ((3, 2, 1, 5), (3, 1, 4, 1)),
                 ((3, 2, 4, 1), (1, 1, 1, 37)), ((3, 2, 33, 20), (3, 1, 33, 1)), ((0, 2, 4, 5), (1, 1, 4, 5)), ((1, 2, 1, 1), (1, 1, 1, 1))]
        masks = [(4, 5), (1, 5), (4, 1), (4, 5), (1, 37), (33, 1), (4, 5), (1, 1)]
        right = [case(a, b, c) for (a, b), c in zip(sizes, masks)]
        wrong = [((3, 2, 4, 5), (2, 1, 4, 5)), ((3, 2, 4, 5), (3, 1, 4, 6))]
    feeds = [{"a": np.zeros(a, F32), "b": np.zeros(b, F32), **({"c": np.ones((1, 1), bool)} if op == "Where" else {})} for a, b in wrong]
    check(model, right, [(f, "'y' needs") for f in feeds])


def test_broadcast_with_a_constant_size():
    model = build(["y = Mul(x, w)", "z = Softmax(y)"], {"x": (F32, ["n", "m"])}, {"w": iota(4, 9)})
    softmax = lambda v: np.exp(v - v.max(-1, keepdims=True)) / np.exp(v - v.max(-1, keepdims=True)).sum(-1, keepdims=True)  # noqa: E731
    check(model, [({"x": iota(*s) / 9}, [softmax(iota(*s) / 9 * iota(4, 9))]) for s in ((4, 9), (1, 9), (4, 1), (1, 1))],
          [({"x": iota(3, 9)}, "'y' needs n to be 1 or 4, but it is 3; n is dimension 0 of input 'x'"), ({"x": iota(4, 8)}, "'y' needs m to be 1 or 9")])


def test_expand_at_run_time():
    model = build(["y = Expand(x, s)"], {"x": (F32, ["n", 3]), "s": (I64, [3])})
    right = [(n, s) for n in (1, 4) for s in ((2, n, 3), (1, 1, 1), (5, n, 1), (0, n, 3))] + [(1, (2, 6, 3))]
    check(model, [({"x": iota(n, 3), "s": vector(*s)}, [iota(n, 3) * np.ones(s, F32)]) for n, s in right],
          [({"x": iota(4, 3), "s": vector(*s)}, "'y' needs") for s in ((2, 5, 3), (2, 4, 2), (-1, 4, 3))])


#===-- Indices -------------------------------------------------------------===#


def test_indices_outside():
    """An index that lies outside is an error, whoever gives it; inside, negative ones count from the end."""
    x, i = iota(5, 4), vector(0, 4, -1, -5)
    gather = build(["y = Gather(x, i)"], {"x": (F32, ["n", 4]), "i": (I64, ["k"])})
    check(gather, [({"x": x, "i": i}, [x[i]]), ({"x": x, "i": vector()}, [x[:0]]), ({"x": x[:0], "i": vector()}, [x[:0]])],
          [({"x": x, "i": vector(1, 5)}, "'y' has an index of 5 or -6, which is outside of a dimension of size 5"),
           ({"x": x, "i": vector(-6)}, "'y' has an index"), ({"x": x, "i": vector(MOST)}, "'y' has an index"),
           ({"x": x, "i": vector(LEAST)}, "'y' has an index that is negative or beyond any size"), ({"x": x[:0], "i": i}, "'y' needs min(k, 1) to be at most n, but they are 1 and 0")])
    elements = build([("y = GatherElements(x, i)", {"axis": 1})], {"x": (F32, ["n", "m"]), "i": (np.int32, ["k", "l"])})
    at = np.array([[0, 3, -4], [1, 1, 2]], np.int32)
    check(elements, [({"x": x, "i": at}, [np.take_along_axis(x[:2], at.astype(I64), 1)])],
          [({"x": x, "i": at + 1}, "'y' has an index of 4"), ({"x": x[:1], "i": at}, "'y' needs k to be at most n, but they are 2 and 1")])
    tuples = build(["y = GatherND(x, i)", "z = ScatterND(x, i, u)"], {"x": (F32, ["n", "m"]), "i": (I64, ["k", 2]), "u": (F32, ["k"])})
    pairs = np.array([[0, 3], [-1, -4]])
    scattered = x.copy()
    scattered[[0, 4], [3, 0]] = [7, 8]
    check(tuples, [({"x": x, "i": pairs, "u": np.array([7, 8], F32)}, [x[pairs[:, 0], pairs[:, 1]], scattered])],
          [({"x": x, "i": np.array([[0, 4]]), "u": iota(1)}, "index of 4"), ({"x": x, "i": np.array([[-6, 0]]), "u": iota(1)}, "index of 5")])
    # i32 indices of a region's image do not count from the end.
    regions = build([("y = RoiAlign(x, r, b)", {"sampling_ratio": 1})], {"x": (F32, ["n", 1, 4, 4]), "r": (F32, ["k", 4]), "b": (I64, ["k"])})
    check(regions, [], [({"x": iota(2, 1, 4, 4), "r": iota(1, 4), "b": vector(b)}, text) for b, text in ((2, "'y' has an index of 2"), (-1, "'y' has an index that is negative or beyond any size"))])


def test_constant_indices_outside():
    for shape, right in (([5, 4], False), ([6, 4], True)):
        model = build(["y = Gather(x, i)"], {"x": (F32, shape)}, {"i": vector(5)})
        if right:
            check(model, [({"x": iota(6, 4)}, [iota(6, 4)[5:]])])
        else:
            with pytest.raises(Refused, match="'y'.*index of 5, which is outside of a dimension of size 5"):
                compile_model(model, tempfile.mkdtemp())
    last = build([("y = Gather(x, i)", {"axis": 1})], {"x": (F32, ["b", "s", 4])}, {"i": np.array(-1)})
    check(last, [({"x": iota(2, 3, 4)}, [iota(2, 3, 4)[:, -1]])], [({"x": iota(2, 0, 4)}, "'y' needs s to be at least 1, but it is 0")])


def test_positions_beyond_a_table():
    model = build(["s = Shape(x)", "n = Gather(s, zero)", "r = Range(zero, n, one)", "p = Gather(table, r)", "y = Add(x, p)"], {"x": (F32, ["n", 4])},
                  {"zero": np.array(0), "one": np.array(1), "table": iota(5, 4)})
    check(model, [({"x": iota(n, 4)}, [iota(n, 4) + iota(5, 4)[:n]]) for n in (0, 1, 5)],
          [({"x": iota(6, 4)}, "'p' needs n to be at most 5, but it is 6; n is dimension 0 of input 'x'")])


def test_topk_beyond_the_size():
    x = np.array([[3, 1, 2]], F32)
    constant = build(["v, i = TopK(x, k)"], {"x": (F32, ["b", "n"])}, {"k": vector(3)})
    check(constant, [({"x": x}, [x[:, [0, 2, 1]], np.array([[0, 2, 1]])])], [({"x": x[:, :2]}, "'v' needs n to be at least 3, but it is 2")])
    given = build(["v, i = TopK(x, k)"], {"x": (F32, ["b", "n"]), "k": (I64, [1])})
    check(given, [({"x": x, "k": vector(0)}, [x[:, :0], np.zeros((1, 0), I64)])],
          [({"x": x, "k": vector(9)}, "'v' needs k[0] to be at most n, but they are 9 and 3; k[0] is element 0 of input 'k'"), ({"x": x, "k": vector(-1)}, "'v' needs")])


#===-- Dimensions without elements -----------------------------------------===#


def test_elements_that_are_needed():
    """Where there is none, the run is refused; nothing is read."""
    empty = np.zeros((0, 3), F32)
    for node, extra in ((("y = Pad(x, p)", {"mode": "edge"}), {"p": vector(1, 0, 1, 0)}), (("y = Pad(x, p)", {"mode": "reflect"}), {"p": vector(1, 0, 1, 0)}),
                        (("y = Resize(x, -, -, p)", {"mode": "linear"}), {"p": vector(4, 3)}), (("y = ArgMax(x)", {}), {})):
        check(build([node], {"x": (F32, ["n", 3])}, extra), [], [({"x": empty}, "'y' needs n to be at least 1, but it is 0")])
    grid = build([("y = GridSample(x, g)", {"padding_mode": "border"})], {"x": (F32, [1, 1, "h", 4]), "g": (F32, [1, 2, 2, 2])})
    check(grid, [], [({"x": np.zeros((1, 1, 0, 4), F32), "g": np.zeros((1, 2, 2, 2), F32)}, "'y' needs h to be at least 1")])


def test_padding_nothing():
    """What is padded with a constant may have no elements, and no memory."""
    model = build(["r = Relu(x)", "y = Pad(x, p, c)", "z = Pad(r, p, c)", "t = Neg(z)"], {"x": (F32, ["n", 300]), "p": (I64, [4])}, {"c": F32(2)})
    check(model, [({"x": iota(n, 300), "p": vector(1, 0, k, 2)}, [np.pad(iota(n, 300), ((1, k), (0, 2)), constant_values=2)] * 1
                   + [-np.pad(iota(n, 300), ((1, k), (0, 2)), constant_values=2)]) for n, k in ((0, 1), (2, 0), (0, 0), (1, 3))],
          [({"x": iota(1, 300), "p": vector(-1, 0, -1, 0)}, "'y' needs")])


def test_padding_an_empty_dimension():
    """It has no edge to repeat, though the result is empty by another dimension."""
    model = build([("y = Pad(x, p)", {"mode": "edge"})], {"x": (F32, ["n", "m"]), "p": (I64, [4])})
    check(model, [({"x": iota(0, 2), "p": vector(0, 3, 0, 1)}, [np.zeros((0, 6), F32)]), ({"x": iota(0, 0), "p": vector(0, 0, 0, 0)}, [iota(0, 0)])],
          [({"x": iota(0, 0), "p": vector(0, 0, 0, 1)}, "'y' needs")])


def test_reflect_beyond_the_size():
    model = build([("y = Pad(x, p)", {"mode": "reflect"})], {"x": (F32, ["n"])}, {"p": vector(7, 11)})
    check(model, [({"x": iota(n)}, [np.pad(iota(n), (7, 11), "reflect")]) for n in (1, 2, 3, 5, 20)])


def test_windows_that_do_not_fit():
    model = build(["y = Conv(x, w)"], {"x": (F32, [1, 1, "h"])}, {"w": iota(1, 1, 3)})
    check(model, [({"x": iota(1, 1, 3)}, [np.array([[[14]]], F32)])], [({"x": iota(1, 1, n)}, f"'y' needs h to be at least 3, but it is {n}") for n in (0, 2)])
    pool = build([("y = MaxPool(x)", {"kernel_shape": [3], "strides": [2]})], {"x": (F32, [1, 1, "h"])})
    check(pool, [({"x": iota(1, 1, 6)}, [np.array([[[3, 5]]], F32)])], [({"x": iota(1, 1, 2)}, "'y' needs")])


#===-- Shapes given at run time, and computed ones -------------------------===#


def test_reshape_at_run_time():
    """0 keeps a size, one -1 is what is left."""
    model = build(["y = Reshape(x, s)"], {"x": (F32, [4, "n"]), "s": (I64, [3])})
    x = iota(4, 6)
    check(model, [({"x": x, "s": vector(*s)}, [x.reshape(w)]) for s, w in (((2, 3, 4), (2, 3, 4)), ((0, -1, 2), (4, 3, 2)), ((-1, 0, 1), (4, 6, 1)), ((2, 2, -1), (2, 2, 6)))],
          [({"x": x, "s": vector(*s)}, "'y' needs") for s in ((5, -1, 1), (-1, -1, 2), (-2, 3, 4), (4, 6, 2))] + [({"x": iota(4, 0), "s": vector(4, 0, -1)}, "'y' needs")])
    keep = build([("y = Reshape(x, s)", {"allowzero": 1})], {"x": (F32, ["n", 3]), "s": (I64, [2])})
    check(keep, [({"x": iota(0, 3), "s": vector(5, 0)}, [np.zeros((5, 0), F32)])], [({"x": iota(2, 3), "s": vector(0, 3)}, "'y' needs")])


def test_reshape_to_a_computed_zero():
    """A 0 that follows from sizes is the operand's size, as a written one is; with allowzero it is a 0."""
    rows = ["s = Shape(x)", "n, m, k = Split(s)", "a = Mul(n, m)", "t = Concat(a, k)", "y = Reshape(x, t)"]
    split, joined = {"axis": 0, "num_outputs": 3}, {"axis": 0}
    rows[1], rows[3] = (rows[1], split), (rows[3], joined)
    model = build(rows, {"x": (F32, ["n", "m", 3])})
    right = [({"x": iota(n, m, 3)}, [iota(n, m, 3).reshape(n * m, 3)]) for n, m in ((2, 4), (0, 4), (0, 0))]
    check(model, right, [({"x": iota(2, 0, 3)}, "'y' needs min(1, n) to be at most n * m, but they are 1 and 0")])
    turned = ["s = Shape(x)", ("t = Slice(s, last, first, axis, last)"), "y = Reshape(x, t)"]
    constants = {"last": vector(-1), "first": vector(LEAST), "axis": vector(0)}
    model = build(turned, {"x": (F32, ["n", 4])}, constants)
    check(model, [({"x": iota(2, 4)}, [iota(4, 2)])], [({"x": iota(0, 4)}, "'y' needs n to be at least 1, but it is 0")])
    model = build([*turned[:2], (turned[2], {"allowzero": 1})], {"x": (F32, ["n", 4])}, constants)
    check(model, [({"x": iota(n, 4)}, [iota(4, n)]) for n in (2, 0)])
    model = build(["s = Shape(x)", ("t = Concat(one, s)", joined), "y = Reshape(x, t)"], {"x": (F32, ["n"])}, {"one": vector(1)})
    check(model, [({"x": iota(5)}, [iota(1, 5)])], [({"x": iota(0)}, "'y' needs n to be at least 1, but it is 0")])


SHAPE = ["s = Shape(x)", "y = ConstantOfShape(t)"]
COMPUTED = {
    "where": (["c = Less(s, four)", "t = Where(c, four, s)"], lambda n, m: (max(n, 4), max(m, 4))),
    "equal": (["c = Equal(s, four)", "t = Where(c, one, s)"], lambda n, m: (1 if n == 4 else n, 1 if m == 4 else m)),
    "logic": (["a = Less(s, four)", "b = Greater(s, one)", "c = And(a, b)", "d = Not(c)", "t = Where(d, one, s)"],
              lambda n, m: tuple(v if 1 < v < 4 else 1 for v in (n, m))),
    "clip": (["t = Clip(s, two_, five_)"], lambda n, m: (min(max(n, 2), 5), min(max(m, 2), 5))),
    "min_max": (["a = Min(s, four)", "t = Max(a, two)"], lambda n, m: (max(min(n, 4), 2), max(min(m, 4), 2))),
    "scatter": (["t = ScatterND(s, at, one)"], lambda n, m: (n, 1)),
    "sign": (["a = Sub(s, two)", "b = Sign(a)", "t = Add(b, one)"], lambda n, m: tuple((v > 2) - (v < 2) + 1 for v in (n, m))),
    "reverse": (["t = Slice(s, minus, least, axis, minus)"], lambda n, m: (m, n)),
    "transpose": (["a = Reshape(s, column)", "b = Transpose(a)", "t = Reshape(b, minus)"], lambda n, m: (n, m)),
    "round": (["f = Cast(s)", "g = Mul(f, half)", "h = Round(g)", "t = Cast(h)"], lambda n, m: (round(n / 2), round(m / 2))),
    "half": (["f = Cast(s)", "t = Cast(f)"], lambda n, m: (int(np.float16(n)), int(np.float16(m)))),
}


@pytest.mark.parametrize("name", COMPUTED)
def test_computed_shapes(name):
    nodes, sizes = COMPUTED[name]
    to = iter([TensorProto.FLOAT16 if name == "half" else TensorProto.FLOAT, TensorProto.INT64])
    nodes = [(n, {"to": next(to)}) if "Cast" in n else n for n in nodes]
    constants = dict(four=vector(4), one=vector(1), two=vector(2), two_=np.array(2), five_=np.array(5), at=np.array([[1]]), minus=vector(-1), least=vector(LEAST), axis=vector(0),
                     column=vector(2, 1), half=np.array([0.5], F32))
    used = {k: v for k, v in constants.items() if any(k in n for n, _ in [n if isinstance(n, tuple) else (n, {}) for n in nodes])}
    model = build([SHAPE[0], *nodes, SHAPE[1]], {"x": (F32, ["n", "m"])}, used)
    pairs = [(1, 9), (4, 3), (2, 5), (7, 0)] + ([(2049, 1), (2051, 1), (4098, 1), (8190, 1), (65000, 1)] if name == "half" else [])
    check(model, [({"x": np.zeros((n, m), F32)}, [np.zeros(sizes(n, m), F32)]) for n, m in pairs])


#===-- Names ---------------------------------------------------------------===#


@pytest.mark.parametrize("names", [("33", "7"), ("shape[0]", "k[1]"), ("n + 1", "n"), ("min", "select"), ("-1", "?"), ("broadcast(a, b)", "a"), ("x_d1", "")])
def test_names_are_only_names(names):
    model = build(["y = Relu(x)"], {"x": (F32, list(names))})
    check(model, [({"x": iota(*s)}, [iota(*s)]) for s in ((2, 3), (5, 1))])


def test_names_of_elements():
    """A dimension called as an element of an input is written."""
    model = build(["y = Expand(x, k)"], {"x": (F32, ["k[0]", 1]), "k": (I64, [2])})
    check(model, [({"x": iota(3, 1), "k": vector(1, 4)}, [iota(3, 1) * np.ones((1, 4), F32)])])


def test_a_name_that_says_what_is_computed():
    """The mask of a decoder, whose exporter names its length."""
    nodes = [("all = Concat(past, x)", {"axis": 1}), "y = Add(all, mask)"]
    model = build(nodes, {"past": (F32, ["b", "past"]), "x": (F32, ["b", 1]), "mask": (F32, ["b", "past + 1"])})
    check(model, [({"past": iota(2, p), "x": iota(2, 1), "mask": iota(2, p + 1)}, [np.concatenate([iota(2, p), iota(2, 1)], 1) + iota(2, p + 1)]) for p in (0, 3)],
          [({"past": iota(2, 3), "x": iota(2, 1), "mask": iota(2, 3)}, "'y' needs")])


def test_names_on_the_command_line():
    """--dim takes a name as the model has it; a size that nothing sets is what its name says of the others."""
    nodes = [("all = Concat(past, x)", {"axis": 1}), "y = Add(all, mask)"]
    model = build(nodes, {"past": (F32, ["b.0", "past"]), "x": (F32, ["b.0", 1]), "mask": (F32, ["b.0", "past + 1"])})
    with tempfile.TemporaryDirectory() as folder:
        path = compile_model(model, folder)
        for flags, b, past in (((), 1, 1), (("--dim=b.0=3", "--dim=past=6"), 3, 6)):
            r = girih_command("run", path, "--json", *flags)
            assert r.returncode == 0, r.stderr
            assert [i["shape"] for i in json.loads(r.stdout)["inputs"]] == [[b, past], [b, 1], [b, past + 1]]


def test_elements_that_no_size_depends_on():
    """A small integer input that is only data is no key of a plan, and shapes are told without it."""
    model = build(["y = Add(x, k)", "z = Gather(x, i)"], {"x": (I64, ["n"]), "k": (I64, [1]), "i": (I64, [1])})
    with tempfile.TemporaryDirectory() as folder:
        path = compile_model(model, folder)
        native = girih._native
        library, handle, info = native.Library(path), ctypes.c_void_p(), native.ModelInfo()
        assert library.open(library.table, None, handle, native.ErrorText()) == 0
        library.get_model_info(handle, info)
        library.close(handle)
        assert info.symbol_count == 1  # n
        loaded = girih.load(path)
        for k in range(6):
            got = loaded.run({"x": iota(3, dtype=I64), "k": vector(k), "i": vector(k % 3)})
            np.testing.assert_array_equal(got["y"], iota(3, dtype=I64) + k)
