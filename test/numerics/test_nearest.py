"""Nearest neighbours: coordinates are exact at ties and at whole numbers, against fractions; where ONNX Runtime and onnx.reference agree, against them."""
from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from onnx.reference import ReferenceEvaluator

from support import Graph, reference, run_model

HALF = Fraction(1, 2)
COORDINATES = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn"]
ROUNDING = {"round_prefer_floor": lambda x: ceil(x - HALF), "round_prefer_ceil": lambda x: floor(x + HALF), "floor": floor, "ceil": ceil}


def coordinate(mode, i, size, result, scale=None):
    """As the standard has it, with the length scale * size."""
    length = Fraction(result) if scale is None else scale * size
    scale = Fraction(result, size) if scale is None else scale
    if mode == "asymmetric":
        return i / scale
    if mode == "tf_half_pixel_for_nn":
        return (i + HALF) / scale
    if mode == "align_corners":
        return i * (size - 1) / (length - 1) if result > 1 else Fraction(0)
    if mode == "pytorch_half_pixel" and result == 1:
        return Fraction(0)
    centre = Fraction(size, 2) * (1 - result / (scale * size)) if mode == "half_pixel_symmetric" else 0
    return centre + (i + HALF) / scale - HALF


def nearest(mode, rounding, size, result, scale=None):
    return [min(max(ROUNDING[rounding](coordinate(mode, i, size, result, scale)), 0), size - 1) for i in range(result)]


def resize(graph, x, sizes=None, scales=None, **attributes):
    if graph.opset < 13:  # optional inputs are empty tensors
        empty = graph.weight(np.zeros(0, np.float32))
        inputs = [x, empty, scales or empty] + ([sizes] if sizes else [])
    else:
        inputs = [x, "", scales or ""] + ([sizes] if sizes else [])
    return graph.output(graph.op("Resize", *inputs, mode="nearest", **attributes))


def sizes_of(rng):
    """Sizes of which many give ties and whole coordinates."""
    factor, size, result = (int(rng.integers(1, high)) for high in (8, 24, 24))
    return (size * factor, result * factor) if rng.integers(2) else (int(rng.integers(1, 300)), int(rng.integers(1, 400)))


@pytest.mark.parametrize("kind", ["static", "dynamic", "runtime"])
@pytest.mark.parametrize("mode", COORDINATES)
def test_sizes(mode, kind):
    graph = Graph(1, opset=11 if mode == "tf_half_pixel_for_nn" else 19)
    wants, cases = [], [(20, 6), (14, 19), (7, 2), (14, 2), (1, 5), (5, 1), (600, 1999)] + [sizes_of(graph.rng) for _ in range(3 if kind == "runtime" else 6)]
    for i, (size, result) in enumerate(cases):
        if size == result:
            continue
        values = np.arange(size, dtype=np.int32)
        x = graph.input(values, None if kind == "static" else [f"n{i}"])
        count = np.array([result])
        sizes = graph.input(count) if kind == "runtime" else graph.weight(count)
        for rounding in ROUNDING:
            resize(graph, x, sizes, coordinate_transformation_mode=mode, nearest_mode=rounding)
            wants.append((size, result, rounding, values[nearest(mode, rounding, size, result)]))
    got = run_model(graph.model(), graph.feeds)
    for value, (size, result, rounding, want) in zip(got.values(), wants):
        np.testing.assert_array_equal(value, want, err_msg=f"{size} to {result}, {rounding}")


@pytest.mark.parametrize("kind", ["static", "dynamic"])
@pytest.mark.parametrize("mode", COORDINATES[:5])
def test_scales_that_floats_hold(mode, kind):
    graph = Graph(2, opset=19)
    wants = []
    for i, scale in enumerate([Fraction(3, 2), Fraction(1, 2), Fraction(5, 4), Fraction(3, 8), Fraction(7, 4), Fraction(9, 16), Fraction(5), Fraction(11, 8)]):
        size = int(graph.rng.integers(4, 90))
        result = floor(size * scale)
        values = np.arange(size, dtype=np.float32)
        x = graph.input(values, None if kind == "static" else [f"n{i}"])
        for rounding in ROUNDING:
            resize(graph, x, scales=graph.weight(np.array([float(scale)], np.float32)), coordinate_transformation_mode=mode, nearest_mode=rounding)
            wants.append((size, scale, rounding, values[nearest(mode, rounding, size, result, scale)]))
    got = run_model(graph.model(), graph.feeds)
    for value, (size, scale, rounding, want) in zip(got.values(), wants):
        np.testing.assert_array_equal(value, want, err_msg=f"{size} by {scale}, {rounding}")


@pytest.mark.parametrize("mode", COORDINATES[:5])
def test_scales_that_floats_round(mode):
    """1/3 in f32 is not a third. ONNX Runtime divides in f32 and the reference in f64: what both say must come out."""
    graph = Graph(3, opset=19)
    for _ in range(80):
        size, scale = int(graph.rng.integers(2, 40)), np.float32(graph.rng.integers(1, 14) / graph.rng.integers(3, 14))
        if int(np.float32(size) * scale) < 1 or Fraction(float(scale)).denominator <= 1024:
            continue
        rounding = str(graph.rng.choice(list(ROUNDING)))
        resize(graph, graph.input(np.arange(size, dtype=np.float32)), scales=graph.weight(np.array([scale])), coordinate_transformation_mode=mode, nearest_mode=rounding)
    model = graph.model()
    got, ort = run_model(model, graph.feeds), reference(model, graph.feeds)
    exact = dict(zip(graph.outputs, ReferenceEvaluator(model).run(None, graph.feeds)))
    compared = 0
    for name in graph.outputs:
        agreed = ort[name] == exact[name] if ort[name].shape == exact[name].shape else np.zeros(ort[name].shape, bool)
        np.testing.assert_array_equal(got[name][agreed], ort[name][agreed], err_msg=name)
        compared += int(agreed.sum())
    assert compared > 500


def test_scales_that_mean_a_third():
    """What exporters write for 1/3: whole coordinates are whole, as in ONNX Runtime and in PyTorch."""
    graph = Graph(4, opset=19)
    values = np.arange(30, dtype=np.float32)
    resize(graph, graph.input(values), scales=graph.weight(np.array([1 / 3], np.float32)), coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    got, = run_model(graph.model(), graph.feeds).values()
    np.testing.assert_array_equal(got, values[::3])


@pytest.mark.parametrize("kind", ["static", "dynamic"])
def test_sizes_beyond_f32(kind):
    """Indices above 2^24, which f32 does not tell apart."""
    graph = Graph(5, opset=19)
    size, result = 2**24 + 77, 2**24 + 2**22 + 1
    values = (np.arange(size) * 7 % 251).astype(np.uint8)
    x = graph.input(values, None if kind == "static" else ["n"])
    scale = np.float32(0.3)
    wants = []
    for count in (result, size // 3):
        resize(graph, x, graph.weight(np.array([count])), coordinate_transformation_mode="half_pixel", nearest_mode="round_prefer_floor")
        i = np.arange(count)  # ceil(((2 i + 1) size - count) / (2 count) - 1/2)
        wants.append(values[np.clip(-((2 * count - (2 * i + 1) * size) // (2 * count)), 0, size - 1)])
        resize(graph, x, graph.weight(np.array([count])), coordinate_transformation_mode="align_corners", nearest_mode="floor")
        wants.append(values[i * (size - 1) // (count - 1)])
    resize(graph, x, scales=graph.weight(np.array([1.5], np.float32)), coordinate_transformation_mode="asymmetric", nearest_mode="ceil")
    wants.append(values[np.minimum((np.arange(size * 3 // 2) * 2 + 2) // 3, size - 1)])
    got = run_model(graph.model(), graph.feeds)
    for name, want in zip(graph.outputs, wants):
        np.testing.assert_array_equal(got[name], want, err_msg=name)


@pytest.mark.parametrize("kind", ["static", "dynamic"])
@pytest.mark.parametrize("region", [(0.0, 1.0), (0.25, 0.75), (0.0, 0.5), (-0.5, 1.25), (0.75, 0.25), (0.2, 0.7), (0.0, 0.875)])
def test_crops(region, kind):
    """Where ONNX Runtime (lengths are whole) and the reference (they are scale * size) agree; the result is floor(scale * size)."""
    graph = Graph(6, opset=19)
    roi = graph.weight(np.array(region, np.float32))
    for i, (size, by) in enumerate([(9, 17), (12, 5), (30, 40), (16, np.float32(1.5)), (10, np.float32(0.5)), (12, np.float32(0.75))]):
        x = graph.input(np.arange(size, dtype=np.float32), None if kind == "static" else [f"n{i}"])
        for rounding in ROUNDING:
            last = ["", graph.weight(np.array([by]))] if isinstance(by, int) else [graph.weight(np.array([by]))]
            graph.output(graph.op("Resize", x, roi, *last, mode="nearest", coordinate_transformation_mode="tf_crop_and_resize", nearest_mode=rounding, extrapolation_value=-7.0))
    model = graph.model()
    got, ort = run_model(model, graph.feeds), reference(model, graph.feeds)
    exact = dict(zip(graph.outputs, ReferenceEvaluator(model).run(None, graph.feeds)))
    for name in graph.outputs:
        assert got[name].shape == ort[name].shape == exact[name].shape, name
        agreed = ort[name] == exact[name]
        assert agreed.mean() > 0.5, name
        np.testing.assert_array_equal(got[name][agreed], ort[name][agreed], err_msg=name)


def test_crops_by_scales_are_of_the_reference():
    """Linear, by a scale that gives no whole length, static and dynamic: the length is scale * size."""
    for dims in (None, ["a", "b"]):
        graph = Graph(7, opset=19)
        x = graph.normal(10, 8, dims=dims)
        roi, scales = graph.weight(np.array([0.1, 0.2, 0.8, 1.3], np.float32)), graph.weight(np.array([0.77, 1.3], np.float32))
        graph.output(graph.op("Resize", x, roi, scales, mode="linear", coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=-3.0))
        model = graph.model()
        want, = ReferenceEvaluator(model).run(None, graph.feeds)
        got, = run_model(model, graph.feeds).values()
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4)
