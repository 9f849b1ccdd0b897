"""Data movement: slices, pads, concatenations, gathers, scatters, resizes and what else only moves elements, against ONNX Runtime."""
import numpy as np
import pytest

from support import Graph, check, run_model


def ints(graph, *values):
    return graph.weight(np.array(values, np.int64))


@pytest.mark.parametrize("seed", range(4))
def test_slice(seed):
    """Negative starts, ends beyond the tensor, negative steps."""
    graph = Graph(100 + seed)
    rng = graph.rng
    for _ in range(6):
        shape = rng.integers(1, 12, rng.integers(1, 5)).tolist()
        axes = sorted(rng.choice(len(shape), rng.integers(1, len(shape) + 1), replace=False).tolist())
        starts, ends, steps = [], [], []
        for a in axes:
            step = int(rng.choice([-3, -2, -1, 1, 1, 2, 3]))
            first, last = sorted(rng.integers(0, shape[a], 2).tolist())
            if step > 0:
                start, end = int(rng.choice([first, first - shape[a]])), int(rng.choice([last + 1, 2**31]))
            else:
                start, end = int(rng.choice([last, last + 100])), int(rng.choice([first - 1 if first else -(2**31), -(2**31)]))
            starts, ends, steps = [*starts, start], [*ends, end], [*steps, step]
        graph.output(graph.op("Slice", graph.normal(*shape), ints(graph, *starts), ints(graph, *ends), ints(graph, *axes), ints(graph, *steps)))
    check(graph)


@pytest.mark.parametrize("cpu", ["x86-64-v2", "x86-64-v3", "x86-64-v4"])
@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.float64, np.float16])
def test_transpose(cpu, dtype):
    """Sizes around those of the squares that are transposed in registers, known and not, alone and where something else is computed."""
    if cpu == "x86-64-v4" and " avx512f " not in open("/proc/cpuinfo").read():
        pytest.skip("this CPU lacks AVX-512")
    graph = Graph(21)
    sizes = [((16, 16), (1, 0)), ((17, 33), (1, 0)), ((48, 8), (1, 0)), ((3, 40, 35), (0, 2, 1)), ((2, 16, 5, 24), (0, 3, 1, 2)), ((1, 3, 20, 20), (0, 2, 3, 1)),
             ((35, 3), (1, 0)), ((31, 4, 16), (2, 1, 0))]
    for i, (shape, perm) in enumerate(sizes):
        value = (graph.rng.standard_normal(shape) * 50).astype(dtype)
        names = [f"d{i}_{a}" for a in range(len(shape))] if i % 2 else None
        out = graph.op("Transpose", graph.input(value, names), perm=list(perm))
        if dtype == np.float32:
            other = value.transpose(perm)[..., ::-1].copy()
            out = graph.op("Add", graph.op("Exp", graph.op("Mul", out, graph.weight(np.float32(0.01)))), graph.input(other, names and [names[p] for p in perm]))
        graph.output(out)
    # Beside what has no rows, no columns, or both as they are, strided too.
    if dtype == np.float32:
        t = graph.op("Transpose", graph.normal(33, 48), perm=[1, 0])
        column = graph.op("Transpose", graph.normal(1, 48), perm=[1, 0])
        strided = graph.op("Slice", graph.normal(48, 66), ints(graph, 0), ints(graph, 66), ints(graph, 1), ints(graph, 2))
        for other in (graph.normal(33), column, graph.normal(1, 1), strided):
            t = graph.op("Add", t, other)
        graph.output(t)
    check(graph, f"--cpu={cpu}")


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge", "wrap"])
def test_pad(mode):
    graph = Graph(20, opset=19)
    for shape, pads in [((3, 5), (1, 2, 2, 1)), ((1, 2, 7, 6), (0, 0, 3, 1, 0, 0, 2, 5)), ((6,), (4, 0)), ((4, 4), (-1, 2, 0, -2))]:
        if mode != "constant" and min(pads) < 0:
            continue
        inputs = [graph.normal(*shape), ints(graph, *pads)] + ([graph.weight(np.float32(2.5))] if mode == "constant" else [])
        graph.output(graph.op("Pad", *inputs, mode=mode))
    check(graph)


def pad_by_numpy(x, pads, mode):
    """What is added on each side, then what negative pads take away."""
    rank = x.ndim
    added = np.pad(x, [(max(pads[d], 0), max(pads[rank + d], 0)) for d in range(rank)], mode)
    return added[tuple(slice(max(-pads[d], 0), added.shape[d] - max(-pads[rank + d], 0)) for d in range(rank))]


@pytest.mark.parametrize("kind", ["static", "dynamic", "folded"])
@pytest.mark.parametrize("mode", ["reflect", "edge", "wrap"])
def test_pad_beyond_the_size(mode, kind):
    """Borders several times the size repeat, as NumPy's do; sizes 1 and 2; removed on one side and padded on the other."""
    graph = Graph(22, opset=19)
    wants = []
    for i, (shape, pads) in enumerate([((3, 4), (0, 7, 0, 9)), ((3, 4), (3, 0, 11, 0)), ((1, 2), (4, 5, 3, 6)), ((2,), (0, 9)), ((1,), (2, 3)), ((5,), (23, 31)),
                                       ((6,), (-2, 2)), ((6,), (5, -3)), ((6,), (-5, 14)), ((6, 5), (-1, 9, 7, -2))]):
        x = graph.rng.standard_normal(shape).astype(np.float32)
        value = graph.weight(x) if kind == "folded" else graph.input(x, None if kind == "static" else [f"d{i}{k}" for k in range(len(shape))])
        graph.output(graph.op("Pad", value, ints(graph, *pads), mode=mode))
        wants.append(pad_by_numpy(x, pads, mode))
    got = run_model(graph.model(), graph.feeds)
    for name, want in zip(graph.outputs, wants):
        np.testing.assert_array_equal(got[name], want, err_msg=name)


def test_pad_before_windows():
    """Explicit pads that a convolution or pool may absorb, and one it may not."""
    graph = Graph(21)
    x = graph.normal(1, 5, 9, 9)
    padded = graph.op("Pad", x, ints(graph, 0, 0, 1, 1, 0, 0, 2, 2))
    graph.output(graph.op("Conv", padded, graph.normal_weight(6, 5, 3, 3), strides=[2, 2]))
    graph.output(graph.op("MaxPool", padded, kernel_shape=[3, 3]))
    ones = graph.op("Pad", x, ints(graph, 0, 0, 1, 1, 0, 0, 1, 1), graph.weight(np.float32(1)))
    graph.output(graph.op("Conv", ones, graph.normal_weight(6, 5, 3, 3)))
    check(graph)


@pytest.mark.parametrize("dtype", ["float32", "int64", "int32", "bool", "uint8", "int8", "float64"])
def test_concat_split(dtype):
    graph = Graph(22)
    rng = graph.rng

    def value(*shape):
        return graph.input((rng.standard_normal(shape) * 30).astype(dtype) if dtype != "bool" else rng.integers(0, 2, shape).astype(bool))

    for axis in range(3):
        shapes = [[2, 3, 5] for _ in range(3)]
        for shape in shapes:
            shape[axis] = int(rng.integers(1, 6))
        parts = [value(*shape) for shape in shapes]
        graph.output(graph.op("Concat", *parts, axis=axis - 3 if axis == 1 else axis))
        graph.output(graph.op("Concat", parts[0], parts[0], axis=axis))
    for name in graph.op("Split", value(4, 10), ints(graph, 3, 1, 6), axis=1, outputs=3):
        graph.output(name)
    for name in graph.op("Split", value(7, 4), axis=0, num_outputs=3, outputs=3):
        graph.output(name)
    graph.output(graph.op("Transpose", value(2, 3, 4, 5), perm=[3, 1, 0, 2]))
    check(graph)


def test_concat_of_computed_parts():
    """Parts that are written in place, parts that are used elsewhere too, and nested concatenations."""
    graph = Graph(23)
    x = graph.normal(1, 6, 8, 8)
    a = graph.op("Relu", graph.op("Conv", x, graph.normal_weight(5, 6, 1, 1)))
    b = graph.op("Conv", x, graph.normal_weight(7, 6, 3, 3), pads=[1] * 4)
    inner = graph.op("Concat", a, b, axis=1)
    outer = graph.op("Concat", x, inner, b, axis=1)
    graph.output(graph.op("Add", b, b))
    graph.output(outer)
    graph.output(graph.op("Conv", outer, graph.normal_weight(3, 25, 1, 1)))
    check(graph)


def test_gathers():
    graph = Graph(24)
    rng = graph.rng
    data = graph.normal(5, 6, 7)
    for axis in (0, 1, 2, -1):
        size = (5, 6, 7)[axis]
        graph.output(graph.op("Gather", data, graph.input(rng.integers(-size, size, (2, 3))), axis=axis))
        graph.output(graph.op("GatherElements", data, graph.input(rng.integers(-size, size, (5, 6, 7))), axis=axis))
    graph.output(graph.op("Gather", data, graph.weight(np.array(2)), axis=1))
    graph.output(graph.op("Gather", data, graph.input(rng.integers(0, 5, 4).astype(np.int32))))
    graph.output(graph.op("GatherND", data, graph.input(np.stack([rng.integers(0, s, 8) for s in (5, 6)], -1))))
    graph.output(graph.op("GatherND", data, graph.input(rng.integers(0, 6, (5, 3, 1))), batch_dims=1))
    graph.output(graph.op("Gather", graph.normal_weight(100, 16), graph.input(rng.integers(0, 100, (2, 9)))))
    check(graph)


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_scatters(reduction):
    graph = Graph(25)
    rng = graph.rng
    data = graph.normal(5, 6, 7)
    for axis in (0, 1, -1):
        size = (5, 6, 7)[axis]
        # Without a reduction, indices along the axis must differ for the result to be defined.
        order = np.argsort(rng.random((5, 6, 7)), axis=axis)
        indices = order if reduction == "none" else rng.integers(-size, size, (5, 6, 7))
        indices = np.take(indices, range(3), axis=axis)
        graph.output(graph.op("ScatterElements", data, graph.input(indices), graph.input(rng.standard_normal(indices.shape).astype(np.float32)), axis=axis,
                              reduction=reduction))
    rows = rng.permutation(5)[:3].reshape(3, 1) if reduction == "none" else rng.integers(0, 5, (4, 1))
    graph.output(graph.op("ScatterND", data, graph.input(rows), graph.normal(len(rows), 6, 7), reduction=reduction))
    check(graph)


RESIZES = [(mode, coordinate) for mode in ("nearest", "linear", "cubic") for coordinate in
           ("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel", "half_pixel_symmetric")]


@pytest.mark.parametrize("mode,coordinate", RESIZES)
def test_resize(mode, coordinate):
    graph = Graph(26, opset=19)
    for h, w, oh, ow in [(5, 7, 10, 14), (9, 8, 4, 3), (6, 6, 6, 13), (3, 1, 8, 5)]:
        nearest = {"nearest_mode": "floor" if (h, w) == (5, 7) else "round_prefer_floor"} if mode == "nearest" else {}
        x = graph.normal(1, 3, h, w)
        graph.output(graph.op("Resize", x, "", "", ints(graph, 1, 3, oh, ow), mode=mode, coordinate_transformation_mode=coordinate, **nearest))
    x = graph.normal(2, 2, 6, 5)
    scales = graph.weight(np.array([1, 1, 2, 2], np.float32))
    graph.output(graph.op("Resize", x, "", scales, mode=mode, coordinate_transformation_mode=coordinate))
    check(graph, rtol=1e-4, atol=1e-5)


def test_shapes_of_all_kinds():
    graph = Graph(27)
    rng = graph.rng
    x = graph.normal(2, 12, 6, 4)
    graph.output(graph.op("Reshape", x, ints(graph, 0, -1, 8)))
    graph.output(graph.op("Flatten", x, axis=2))
    graph.output(graph.op("Unsqueeze", x, ints(graph, 0, -1)))
    graph.output(graph.op("Squeeze", graph.op("Unsqueeze", x, ints(graph, 1)), ints(graph, 1)))
    graph.output(graph.op("Expand", graph.normal(3, 1), ints(graph, 2, 1, 6)))
    graph.output(graph.op("Tile", graph.normal(2, 3), ints(graph, 2, 3)))
    graph.output(graph.op("DepthToSpace", x, blocksize=2, mode="DCR"))
    graph.output(graph.op("DepthToSpace", x, blocksize=2, mode="CRD"))
    graph.output(graph.op("SpaceToDepth", x, blocksize=2))
    graph.output(graph.op("Shape", x))
    graph.output(graph.op("Size", x))
    graph.output(graph.op("Trilu", x, ints(graph, 1), upper=1))
    graph.output(graph.op("Trilu", x, upper=0))
    graph.output(graph.op("OneHot", graph.input(rng.integers(-5, 5, (3, 4))), graph.weight(np.array(5)), graph.weight(np.array([0.5, 2], np.float32)), axis=1))
    graph.output(graph.op("CumSum", x, graph.weight(np.array(1)), exclusive=1))
    graph.output(graph.op("CumSum", x, graph.weight(np.array(-1)), reverse=1))
    graph.output(graph.op("Range", graph.weight(np.array(3)), graph.weight(np.array(20)), graph.weight(np.array(4))))
    graph.output(graph.op("Identity", x))
    graph.output(graph.op("Dropout", x))
    check(graph)


def test_topk():
    graph = Graph(28)
    x = graph.input(graph.rng.integers(0, 50, (3, 40, 5)).astype(np.float32) + graph.rng.random((3, 40, 5)).astype(np.float32))
    for axis, k, largest in [(1, 7, 1), (-1, 5, 0), (0, 2, 1), (1, 40, 1)]:
        for name in graph.op("TopK", x, ints(graph, k), axis=axis, largest=largest, outputs=2):
            graph.output(name)
    check(graph)


@pytest.mark.parametrize("mode", ["linear", "nearest", "cubic"])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
def test_grid_sample(mode, padding_mode):
    """Points on both sides of every edge, images and volumes with dynamic sizes, a dimension of one element."""
    graph = Graph(31, opset=20)
    cases = [((2, 5, 6, 7), (4, 3)), ((1, 17, 1, 9), (33, 1)), ((2, 3, 4, 5, 6), (3, 2, 5))]
    for i, (shape, points) in enumerate(cases[: 2 if mode == "cubic" else 3]):
        x = graph.normal(*shape, dims=[f"n{i}", f"c{i}"] + [f"s{i}{k}" for k in range(2, len(shape))])
        grid = (1.2 * graph.rng.standard_normal((shape[0], *points, len(shape) - 2))).astype(np.float32)
        grid = graph.input(grid, [f"n{i}"] + [f"p{i}{k}" for k in range(len(points))] + [len(shape) - 2])
        for align_corners in (0, 1):
            graph.output(graph.op("GridSample", x, grid, mode=mode, padding_mode=padding_mode, align_corners=align_corners))
    check(graph)


def test_empty_tensors():
    """Sizes of zero pass through everything, and reductions of nothing give the neutral element."""
    graph = Graph(29)
    x = graph.normal(0, 4)
    graph.output(graph.op("Add", x, graph.normal(4)))
    graph.output(graph.op("Relu", x))
    graph.output(graph.op("Concat", x, graph.normal(3, 4), axis=0))
    graph.output(graph.op("MatMul", x, graph.normal_weight(4, 5)))
    graph.output(graph.op("MatMul", graph.normal(3, 0), graph.normal(0, 5)))
    graph.output(graph.op("ReduceSum", x, ints(graph, 0), keepdims=0))
    graph.output(graph.op("Transpose", x, perm=[1, 0]))
    graph.output(graph.op("Slice", graph.normal(5, 3), ints(graph, 4), ints(graph, 2), ints(graph, 0)))
    check(graph)


def test_outputs_that_are_inputs_constants_and_twice_the_same():
    graph = Graph(30)
    x = graph.normal(3, 4)
    y = graph.op("Identity", x)
    graph.output(y)
    graph.output(graph.op("Reshape", x, ints(graph, 4, 3)))
    graph.output(graph.op("Identity", graph.normal_weight(2, 2)))
    z = graph.op("Relu", x)
    graph.output(z)
    graph.output(graph.op("Identity", z))
    graph.output(graph.op("Flatten", z, axis=0))
    check(graph)
