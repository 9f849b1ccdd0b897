"""Models that say the same in another way: functions with opsets of their own, sparse weights, weights that may be given at run time, paddings
that follow from sizes. Against ONNX Runtime and NumPy."""
import os

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import helper, numpy_helper

import support
from support import Graph, assert_close, compile_model, reference, run_model

F32 = np.float32


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(F32)


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def refusal(model, tmp_path, *flags):
    with pytest.raises(support.Refused) as refused:
        compile_model(model, tmp_path, *flags)
    return str(refused.value)


# -- Functions


MIXED_OPSETS = """
<ir_version: 8, opset_import: ["" : 13, "local" : 1]>
g (float[2,3,4] x) => (float[2,3,4] y, float[2,3,4] z, float[2,3,4] both) {
  y = local.old (x)
  z = Softmax <axis = 1> (x)
  both = local.both (x)
}
<opset_import: ["" : 11], domain: "local"> old (x) => (y) { y = Softmax <axis = 1> (x) }
<opset_import: ["" : 17, "local" : 1], domain: "local"> both (x) => (y) {
  a = local.old (x)
  b = Softmax <axis = 1> (x)
  y = Add (a, b)
}
"""


def test_functions_follow_their_own_opsets():
    x = normal(2, 3, 4)
    rows, columns = softmax(x.reshape(2, 12), 1).reshape(2, 3, 4), softmax(x, 1)
    got = run_model(onnx.parser.parse_model(MIXED_OPSETS), {"x": x})
    assert_close(got, {"y": rows, "z": columns, "both": rows + columns})


def test_one_opset_by_both_of_its_names(tmp_path):
    graph = Graph(opset=13)
    y = graph.output(graph.op("Neg", graph.normal(3)))
    model = graph.model()
    again = model.opset_import.add(domain="ai.onnx", version=13)
    assert_close(run_model(model, graph.feeds), {y: -next(iter(graph.feeds.values()))})
    again.version = 14
    assert "the opset of domain '' is given twice, as 13 and as 14" in refusal(model, tmp_path)


def test_domains_that_only_functions_import():
    """The model itself imports no operators at all."""
    model = onnx.parser.parse_model("""
    <ir_version: 9, opset_import: ["local" : 1]> g (float[N] x) => (float[N] y, float[N] same) { y, same = local.f (x) }
    <opset_import: ["" : 20, "inner" : 3], domain: "local"> f (x) => (y, x) { y = inner.h <k = 3.0> (x) }
    <opset_import: ["" : 13], domain: "inner"> h <k> (x) => (y) { c = Constant <value_float: float = @k> () y = Mul (x, c) }
    """)
    x = normal(5)
    assert_close(run_model(model, {"x": x}), {"y": x * 3, "same": x})


def test_overloads_and_attributes_by_reference():
    """Each call is of its own overload, attributes go two calls deep, and optional inputs and outputs may be absent."""
    model = onnx.parser.parse_model("""
    <ir_version: 10, opset_import: ["" : 20, "local" : 1]> g (float[N] x) => (float[N] y, float[N] z) {
      y = local.outer <slope = 0.5> (x)
      z = local.outer (x)
    }
    <opset_import: ["" : 20, "local" : 1], domain: "local"> outer <slope: float = 0.25> (x) => (y) {
      t = local.leaky <alpha: float = @slope> (x, ) y = Identity (t)
    }
    <opset_import: ["" : 20], domain: "local"> leaky <alpha> (x, high) => (y, unused) {
      r = LeakyRelu <alpha: float = @alpha> (x) y = Clip (r, , high) unused = Neg (y)
    }
    """)
    one, two = (helper.make_function("local", "f", ["x"], ["y"], [helper.make_node(op, ["x"], ["y"])],
                                     [helper.make_opsetid("", 20)], overload=op) for op in ("Neg", "Abs"))
    x = normal(6)
    leaky = lambda a: np.where(x < 0, x * F32(a), x)  # noqa: E731
    assert_close(run_model(model, {"x": x}), {"y": leaky(0.5), "z": leaky(0.25)})
    model = onnx.parser.parse_model('<ir_version: 10, opset_import: ["" : 20, "local" : 1]> g (float[N] x) => (float[N] y) { t = local.f (x) y = local.f (t) }')
    model.graph.node[0].overload, model.graph.node[1].overload = "Neg", "Abs"
    model.functions.extend([one, two])
    assert_close(run_model(model, {"x": x}), {"y": np.abs(-x)})


# -- Sparse weights


def sparse(values, indices, dims, name="c"):
    t = onnx.SparseTensorProto(dims=dims)
    t.values.CopyFrom(numpy_helper.from_array(np.asarray(values), name))
    t.indices.CopyFrom(numpy_helper.from_array(np.asarray(indices, np.int64), name + "_at"))
    return t


def sparse_model(t, as_weight, shape, dtype=np.float32):
    code = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    x, y = (helper.make_tensor_value_info(n, code, shape) for n in "xy")
    nodes = [helper.make_node("Add", ["x", "c"], ["y"])]
    if not as_weight:
        nodes.insert(0, helper.make_node("Constant", [], ["c"], sparse_value=t))
    graph = helper.make_graph(nodes, "g", [x], [y])
    if as_weight:
        graph.sparse_initializer.append(t)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


@pytest.mark.parametrize("as_weight", [True, False])
@pytest.mark.parametrize("indices", [[1, 4, 5], [[0, 1], [1, 1], [1, 2]]])
@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
def test_sparse(as_weight, indices, dtype):
    x, dense = np.arange(6).reshape(2, 3).astype(dtype), np.array([[0, 3, 0], [0, 4, 5]], dtype)
    model = sparse_model(sparse(np.array([3, 4, 5], dtype), indices, [2, 3]), as_weight, [2, 3], dtype)
    assert_close(run_model(model, {"x": x}), {"y": x + dense})


@pytest.mark.parametrize("as_weight", [True, False])
def test_sparse_without_values(as_weight):
    x = normal(2, 3)
    model = sparse_model(sparse(np.zeros(0, F32), np.zeros((0, 2)), [2, 3]), as_weight, [2, 3])
    assert_close(run_model(model, {"x": x}), {"y": x})


@pytest.mark.parametrize("as_weight", [True, False])
@pytest.mark.parametrize("indices, message", [
    ([1, 1], "index 1 is the one before it again, but indices must ascend"),
    ([4, 1], "index 1 is less than the one before it, but indices must ascend"),
    ([[0, 1], [0, 0]], "index 1 is less than the one before it"),
    ([1, 6], "index 1 is 6, but must be in [0, 6)"),
    ([-1, 1], "index 0 is -1, but must be in [0, 6)"),
    ([[0, 1], [0, 3]], "index 1 is 3, but must be in [0, 3)"),
    ([1, 2, 3], "has indices of shape [3] and type i64, but 2 values of shape [2, 3] need i64 indices of shape [2] or [2, 2]"),
    ([[1], [2]], "has indices of shape [2, 1]"),
])
def test_sparse_indices_are_checked(as_weight, indices, message, tmp_path):
    text = refusal(sparse_model(sparse(np.array([3, 4], F32), indices, [2, 3]), as_weight, [2, 3]), tmp_path)
    assert "sparse tensor 'c'" in text and message in text


# -- Training mode


@pytest.mark.parametrize("training", [True, False, "input"])
def test_dropout_that_drops_nothing(training):
    graph = Graph(opset=13)
    x, ratio = graph.normal(2, 3), graph.weight(F32(0))
    mode = graph.input(np.array(True)) if training == "input" else graph.weight(np.array(training))
    y, mask = graph.op("Dropout", x, ratio, mode, outputs=2)
    graph.output(y), graph.output(mask)
    assert_close(run_model(graph.model(), graph.feeds), {y: graph.feeds[x], mask: np.ones((2, 3), bool)})


@pytest.mark.parametrize("ratio", [0.5, None, "input"])
def test_dropout_in_training_is_refused(ratio, tmp_path):
    graph = Graph(opset=13)
    x = graph.normal(2, 3)
    r = "" if ratio is None else graph.input(F32(0.5)) if ratio == "input" else graph.weight(F32(ratio))
    graph.output(graph.op("Dropout", x, r, graph.weight(np.array(True))))
    assert "drops elements at random: export the model for inference" in refusal(graph.model(), tmp_path)


@pytest.mark.parametrize("opset, dtype", [(9, F32), (10, bool), (11, bool)])
def test_the_type_of_dropouts_mask(opset, dtype):
    graph = Graph(opset=opset)
    y, mask = graph.op("Dropout", graph.normal(2, 3), outputs=2)
    graph.output(y), graph.output(mask)
    assert run_model(graph.model(), graph.feeds)[mask].dtype == dtype


# -- Weights that are listed as inputs


def listed(*declared, ir=8):
    """y = relu(conv(x, w)) * scale + x's sum over no axis; w and scale are listed as inputs as well."""
    graph = Graph()
    x = graph.normal(1, 2, 5, 5, dims=["n", 2, 5, 5])
    w, scale = graph.weight(normal(3, 2, 3, 3, seed=1)), graph.weight(normal(3, 1, 1, seed=2))
    y = graph.op("Mul", graph.op("Relu", graph.op("Conv", x, w)), scale)
    y = graph.op("Reshape", y, graph.weight(np.array([0, 3, -1])))
    graph.output(y)
    model = graph.model()
    model.ir_version = ir
    for t in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(t.name, t.data_type, t.dims))
    for name, dims in declared:
        for v in model.graph.input:
            if v.name == name:
                v.CopyFrom(helper.make_tensor_value_info(name, v.type.tensor_type.elem_type, dims))
    return model, graph.feeds, [w, scale]


@pytest.mark.parametrize("flags", [[], ["--external-weights"]])
def test_weights_may_be_given(flags, tmp_path):
    model, feeds, (w, scale) = listed()
    compiled = support.girih.load(compile_model(model, tmp_path, *flags))
    assert compiled.optional_inputs == {w, scale}
    assert [i.name for i in compiled.inputs] == [*feeds, w, scale]
    given = {w: normal(3, 2, 3, 3, seed=5), scale: normal(3, 1, 1, seed=6)}
    for names in ([], [w], [scale], [w, scale], []):
        all_feeds = {**feeds, **{n: given[n] for n in names}}
        assert_close(compiled.run(all_feeds), reference(model, all_feeds))
    with pytest.raises(support.girih.InputError, match="unknown input 'other'"):
        compiled.run({**feeds, "other": given[w]})
    with pytest.raises(support.girih.InputError, match="missing input"):
        compiled.run(given)
    with pytest.raises(support.girih.InputError, match=r"dimension 0 must be 3"):
        compiled.run({**feeds, scale: normal(1, 1, 1)})


def test_a_weight_that_may_be_given_is_an_output():
    graph = Graph()
    x, w = graph.normal(2), graph.weight(normal(2, seed=1))
    graph.output(w)
    graph.output(graph.op("Add", x, w))
    model = graph.model()
    model.graph.input.append(helper.make_tensor_value_info(w, 1, [2]))
    given = {**graph.feeds, w: normal(2, seed=3)}
    assert_close(run_model(model, graph.feeds), reference(model, graph.feeds))
    assert_close(run_model(model, given), reference(model, given))


def test_frozen_weights(tmp_path):
    model, feeds, _ = listed()
    path = tmp_path / "model.onnx"
    onnx.save(model, path)
    note = support.girih_command("compile", path, "-o", tmp_path / "a.so").stderr
    assert "2 weights that are listed as inputs, too, may be given at run time" in note and "--freeze-initializers" in note
    assert "1 weight that is listed as an input, too, stays constant: shapes or settings are computed from it" in note
    r = support.girih_command("compile", path, "-o", tmp_path / "b.so", "--freeze-initializers")
    assert r.returncode == 0 and not r.stderr
    compiled = support.girih.load(tmp_path / "b.so")
    assert [i.name for i in compiled.inputs] == list(feeds) and not compiled.optional_inputs
    assert_close(compiled.run(feeds), reference(model, feeds))


def test_before_ir_version_4_weights_are_constants():
    model, feeds, _ = listed(ir=3)
    assert_close(run_model(model, feeds), reference(model, feeds))


def test_weights_that_must_be_constant_stay_so(tmp_path):
    """Resize takes no scales that only a run knows: the one that it reads is no input, the other one is."""
    graph = Graph()
    x, scales, w = graph.normal(1, 1, 2, 3), graph.weight(np.array([1, 1, 2, 2], F32)), graph.weight(normal(1))
    graph.output(graph.op("Resize", graph.op("Mul", x, w), "", scales, mode="nearest"))
    model = graph.model()
    for name, dims in [(scales, [4]), (w, [1])]:
        model.graph.input.append(helper.make_tensor_value_info(name, 1, dims))
    compiled = support.girih.load(compile_model(model, tmp_path))
    assert compiled.optional_inputs == {w}
    assert_close(compiled.run(graph.feeds), reference(model, graph.feeds))


def test_small_integers_are_shapes_only_where_they_are_read_so(tmp_path):
    """Indices that only pick rows may be given; a shape may not, and the model's own says what it is."""
    graph = Graph()
    x, rows, shape = graph.normal(5, 3), graph.weight(np.array([1, 4])), graph.weight(np.array([3, 2]))
    graph.output(graph.op("Reshape", graph.op("Gather", x, rows), shape))
    model = graph.model()
    for name in (rows, shape):
        model.graph.input.append(helper.make_tensor_value_info(name, onnx.TensorProto.INT64, [2]))
    compiled = support.girih.load(compile_model(model, tmp_path))
    assert compiled.optional_inputs == {rows}
    for more in ({}, {rows: np.array([0, 2])}):
        assert_close(compiled.run({**graph.feeds, **more}), reference(model, {**graph.feeds, **more}))
    with pytest.raises(support.girih.InputError, match=f"unknown input '{shape}'"):
        compiled.run({**graph.feeds, shape: np.array([2, 3])})


def test_sizes_by_way_of_constants(tmp_path):
    """The repeats are computed from a listed weight by an operator that shape arithmetic does not follow."""
    graph = Graph()
    x, w = graph.normal(2, 3), graph.weight(np.array([2, 1]))
    graph.output(graph.op("Tile", x, graph.op("Cast", graph.op("Sqrt", graph.op("Cast", graph.op("BitwiseXor", w, w), to=1)), to=7)))
    graph.output(graph.op("Tile", x, graph.op("BitwiseOr", w, w)))
    model = graph.model()
    model.graph.input.append(helper.make_tensor_value_info(w, onnx.TensorProto.INT64, [2]))
    assert_close(run_model(model, graph.feeds), reference(model, graph.feeds))


def test_declared_otherwise(tmp_path):
    model, feeds, (w, scale) = listed()
    assert_close(run_model(listed((scale, ["a", "b", 1]))[0], feeds), reference(model, feeds))
    text = refusal(listed((scale, [4, 1, 1]))[0], tmp_path)
    assert f"input '{scale}' is declared as f32[4, 1, 1], but the weight of that name is f32[3, 1, 1]" in text


# -- What old inference got wrong


@pytest.mark.parametrize("shape", [[2, 4], [2], ["n", 3, 1], [2, 3, 1]])
def test_an_outputs_declared_shape_is_a_hint(shape, tmp_path):
    graph = Graph()
    y = graph.output(graph.op("Relu", graph.normal(2, 3)))
    model = graph.model()
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(y, 1, shape))
    assert_close(run_model(model, graph.feeds), reference(model, graph.feeds))
    onnx.save(model, tmp_path / "model.onnx")
    r = support.girih_command("compile", tmp_path / "model.onnx", "-o", tmp_path / "model.so")
    assert f"warning: {tmp_path}/model.onnx: output '{y}' is declared with shape [{', '.join(map(str, shape))}], but its nodes make f32[2, 3]" in r.stderr


def test_an_outputs_declared_type_is_not(tmp_path):
    graph = Graph()
    y = graph.output(graph.op("Relu", graph.normal(2, 3)))
    model = graph.model()
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info(y, onnx.TensorProto.INT64, [2, 3]))
    assert f"output '{y}' is declared with element type i64, but is f32[2, 3]" in refusal(model, tmp_path)


@pytest.mark.parametrize("ends", ["BatchNormalization", "Identity", "Reshape"])
def test_sizes_that_rewrites_find_out(ends, tmp_path):
    """A batch norm over a symbolic number of channels says how many there are."""
    graph = Graph(opset=15)
    x = graph.normal(1, 3, 2, 2, dims=["n", "c", 2, 2])
    parameters = [graph.weight(v) for v in (normal(3), normal(3, seed=1), normal(3, seed=2), np.abs(normal(3, seed=3)))]
    y = graph.op("BatchNormalization", x, *parameters)
    if ends == "Identity":
        y = graph.op("Identity", y)
    if ends == "Reshape":
        y = graph.op("Reshape", y, graph.weight(np.array([0, 0, -1])))
    graph.output(y)
    model = graph.model()
    compiled = support.girih.load(compile_model(model, tmp_path))
    for batch in (1, 4):
        feeds = {x: normal(batch, 3, 2, 2, seed=batch)}
        assert_close(compiled.run(feeds), reference(model, feeds))
    with pytest.raises(support.girih.InputError):
        compiled.run({x: normal(1, 4, 2, 2)})


# -- Ranks


@pytest.mark.parametrize("opset", [18, 21])
@pytest.mark.parametrize("dims", [["n", 6], [4, 6]])
def test_group_normalization_without_space(opset, dims):
    graph = Graph(opset=opset)
    x = graph.normal(4, 6, dims=dims)
    size = 6 if opset == 21 else 3
    scale, bias = normal(size, seed=1), normal(size, seed=2)
    y = graph.output(graph.op("GroupNormalization", x, graph.weight(scale), graph.weight(bias), num_groups=3))
    groups = graph.feeds[x].reshape(4, 3, 2)
    z = (groups - groups.mean(2, keepdims=True)) / np.sqrt(groups.var(2, keepdims=True) + 1e-5)
    each = (lambda v: v.reshape(3, 2)) if opset == 21 else (lambda v: v.reshape(3, 1))
    assert_close(run_model(graph.model(), graph.feeds), {y: (z * each(scale) + each(bias)).reshape(4, 6).astype(F32)}, 1e-5, 1e-5)


@pytest.mark.parametrize("op, opset, channels, attributes", [("InstanceNormalization", 18, 3, {}), ("GroupNormalization", 21, 4, {"num_groups": 2})])
def test_channels_that_only_parameters_tell(op, opset, channels, attributes, tmp_path):
    graph = Graph(opset=opset)
    x = graph.normal(2, channels, 4, 5, dims=["n", "c", "h", "w"])
    graph.output(graph.op(op, x, graph.normal_weight(channels), graph.normal_weight(channels), **attributes))
    model = graph.model()
    compiled = support.girih.load(compile_model(model, tmp_path))
    assert_close(compiled.run(graph.feeds), reference(model, graph.feeds), 1e-5, 1e-5)
    with pytest.raises(support.girih.InputError):
        compiled.run({x: normal(2, channels + 2, 4, 5)})


# -- Paddings that follow from sizes


@pytest.mark.parametrize("auto_pad", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("op, attributes", [
    ("AveragePool", {}), ("AveragePool", {"count_include_pad": 1}), ("MaxPool", {}), ("LpPool", {"p": 2}), ("Conv", {}),
])
@pytest.mark.parametrize("kernel, strides, dilations", [([3, 3], [2, 2], [1, 1]), ([2, 5], [3, 1], [1, 1]), ([3, 2], [2, 3], [2, 1])])
def test_same_padding_of_dynamic_sizes(auto_pad, op, attributes, kernel, strides, dilations, tmp_path):
    graph = Graph(opset=19)
    x = graph.normal(2, 3, 7, 9, dims=["n", 3, "h", "w"])
    weights = [graph.normal_weight(4, 3, *kernel)] if op == "Conv" else []
    graph.output(graph.op(op, x, *weights, kernel_shape=kernel, strides=strides, dilations=dilations, auto_pad=auto_pad, **attributes))
    model = graph.model()
    compiled = support.girih.load(compile_model(model, tmp_path))
    for size in [(2, 3, 7, 9), (1, 3, 8, 10), (3, 3, 6, 1)]:
        feeds = {x: normal(*size, seed=size[2])}
        if op == "LpPool" or dilations != [1, 1] or strides[0] > kernel[0]:
            # ONNX Runtime refuses these, or leaves the dilation out of the padding; fixed sizes are tested elsewhere.
            want = run_model(model, feeds, "--dim", f"n={size[0]}", "--dim", f"h={size[2]}", "--dim", f"w={size[3]}")
        else:
            want = reference(model, feeds)
        assert_close(compiled.run(feeds), want, 1e-5, 1e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_same_average_of_other_types(dtype, tmp_path):
    graph = Graph(opset=19)
    value = normal(1, 2, 6, 5).astype(dtype)
    graph.output(graph.op("AveragePool", graph.input(value, [1, 2, "h", "w"]), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"))
    pinned = run_model(graph.model(), graph.feeds, "--dim", "h=6", "--dim", "w=5")
    assert_close(run_model(graph.model(), graph.feeds), pinned, rtol=2e-3 if dtype == np.float16 else 1e-14)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_same_maximum_of_integers(dtype):
    graph = Graph(opset=12)
    value = graph.rng.integers(-100 if dtype == np.int8 else 0, -1 if dtype == np.int8 else 100, (1, 2, 6, 5)).astype(dtype)
    graph.output(graph.op("MaxPool", graph.input(value, [1, 2, "h", "w"]), kernel_shape=[3, 3], strides=[2, 2], auto_pad="SAME_UPPER"))
    assert_close(run_model(graph.model(), graph.feeds), reference(graph.model(), graph.feeds))


@pytest.mark.parametrize("auto_pad, storage_order", [("SAME_UPPER", 0), ("SAME_LOWER", 1)])
@pytest.mark.parametrize("kind, dilations", [("normal", [1, 1]), ("normal", [2, 1]), ("least", [1, 1]), ("least", [2, 1]), ("u8", [1, 1])])
def test_same_maximums_indices(auto_pad, storage_order, kind, dilations, tmp_path):
    """The least number is what stands around the input, too: there an index must not lead."""
    graph = Graph(opset=12)
    make = {
        "normal": lambda *shape: normal(*shape),
        "least": lambda *shape: np.where(normal(*shape) > 1.3, normal(*shape), -np.inf).astype(F32),
        "u8": lambda *shape: np.maximum(normal(*shape) * 3, 0).astype(np.uint8),
    }[kind]
    x = graph.input(make(1, 2, 7, 6), ["n", 2, "h", "w"])
    for y in graph.op("MaxPool", x, outputs=2, kernel_shape=[3, 2], strides=[2, 1], dilations=dilations, auto_pad=auto_pad, storage_order=storage_order):
        graph.output(y)
    model = graph.model()
    compiled = support.girih.load(compile_model(model, tmp_path))
    feeds = {x: make(2, 2, 5, 9)}
    pinned = run_model(model, feeds, "--dim", "n=2", "--dim", "h=5", "--dim", "w=9")
    assert_close(compiled.run(feeds), pinned)
    if kind == "normal" and dilations == [1, 1]:  # ONNX Runtime leaves the dilation out of the padding
        assert_close(pinned, reference(model, feeds))


@pytest.mark.parametrize("auto_pad", ["NOTSET", "SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("group, output_padding", [(1, [0, 0]), (2, [1, 0])])
def test_transposed_output_shape_of_dynamic_sizes(auto_pad, bias, group, output_padding, tmp_path):
    graph = Graph(opset=11)
    x = graph.normal(1, 2, 5, 4, dims=["n", 2, "h", "w"])
    weights = [graph.normal_weight(2, 3, 3, 2)] + ([graph.normal_weight(3 * group)] if bias else [])
    graph.output(graph.op("ConvTranspose", x, *weights, group=group, strides=[2, 3], output_padding=output_padding, output_shape=[9, 11], auto_pad=auto_pad))
    model = graph.model()
    compiled = support.girih.load(compile_model(model, tmp_path))
    # From much padding to none; where the windows don't reach, ONNX Runtime has no answer.
    for size in [(2, 2, 6, 5), (1, 2, 4, 4), (1, 2, 2, 2)]:
        feeds = {x: normal(*size, seed=size[2])}
        pinned = run_model(model, feeds, "--dim", f"n={size[0]}", "--dim", f"h={size[2]}", "--dim", f"w={size[3]}")
        assert_close(compiled.run(feeds), pinned, 1e-5, 1e-5)
    feeds = {x: normal(1, 2, 5, 4)}
    assert_close(compiled.run(feeds), reference(model, feeds), 1e-5, 1e-5)


# -- Links


def test_links_are_followed_by_a_flag(tmp_path):
    """As download caches lay out a model: everything in a snapshot's folder is a link to a file named by its hash."""
    graph = Graph()
    graph.output(graph.op("Mul", graph.normal(2, 40), graph.normal_weight(2, 40)))
    model = graph.model()
    blobs, snapshot = tmp_path / "blobs", tmp_path / "snapshots" / "main"
    blobs.mkdir(), snapshot.mkdir(parents=True)
    onnx.save(model, blobs / "model", save_as_external_data=True, location="weights.bin", size_threshold=0)
    os.rename(blobs / "weights.bin", blobs / "data")
    (snapshot / "model.onnx").symlink_to("../../blobs/model")
    (snapshot / "weights.bin").symlink_to("../../blobs/data")
    with pytest.raises(support.Refused, match="external data 'weights.bin' is a link out of the model's folder, to '.*/blobs/data': give --follow-links"):
        support.compile_file(snapshot / "model.onnx", tmp_path / "model.so")
    compiled = support.girih.load(support.compile_file(snapshot / "model.onnx", tmp_path / "model.so", "--follow-links"))
    assert_close(compiled.run(graph.feeds), reference(graph.model(), graph.feeds))


@pytest.mark.parametrize("location", ["../blobs/data", "/etc/hostname"])
def test_only_links_lead_out(location, tmp_path):
    graph = Graph()
    graph.output(graph.op("Add", graph.normal(2), graph.normal_weight(2)))
    model = graph.model()
    t = model.graph.initializer[0]
    t.ClearField("raw_data")
    t.data_location = onnx.TensorProto.EXTERNAL
    t.external_data.add(key="location", value=location)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(support.Refused, match="leaves the model's folder|must be a path relative to the model's folder"):
        support.compile_file(path, tmp_path / "model.so", "--follow-links")
