"""Constants in other layouts than the plan's (docs/schedule.md): the same bits, wherever they lie."""
import os
import re
import tempfile

import numpy as np
import pytest

from support import Graph, assert_close, compile_model, girih, reference

ENTRY = re.compile(r"<in(\d+), at = compile, layout = affine_map<(\([^>]*\) -> \([^>]*\))>>")


def product(graph):
    y = graph.op("MatMul", graph.normal(37, 203, dims=["n", 203]), graph.normal_weight(203, 45))
    graph.output(graph.op("Relu", graph.op("Add", y, graph.normal_weight(45))))


def row(graph):
    graph.output(graph.op("Gemm", graph.normal(1, 77), graph.normal_weight(90, 77), transB=1))


def convolution(graph):
    graph.output(graph.op("Conv", graph.normal(2, 21, 9, 11), graph.normal_weight(19, 21, 3, 3), pads=[0] * 4))


def groups(graph):
    graph.output(graph.op("Conv", graph.normal(1, 12, 9, 11), graph.normal_weight(30, 4, 3, 3), pads=[0] * 4, group=3))


def batches(graph):
    graph.output(graph.op("MatMul", graph.normal(5, 7, 13), graph.normal_weight(5, 13, 22)))


def blocks_of(n):
    """Other blocks: of fewer or more elements than a register tile takes."""
    return lambda layout: re.sub(r"(floordiv|mod) \d+", rf"\g<1> {n}", layout)


def whole(layout):
    """The dimension that is split as a whole, contiguous."""
    dims, results = layout.split(" -> ")
    kept = [r for r in results.strip("()").split(", ") if "floordiv" not in r]
    return f"{dims} -> ({', '.join(r.split(' ')[0] for r in kept)})"


def first(layout):
    """Blocks inside of what else there is."""
    dims, results = layout.split(" -> ")
    results = results.strip("()").split(", ")
    block = next(r for r in results if "floordiv" in r)
    results.remove(block)
    return f"{dims} -> ({', '.join(results[:-1] + [block, results[-1]])})"


def edited(text, change):
    """The plan with other layouts, or with none."""
    if change:
        return ENTRY.sub(lambda m: f"<in{m[1]}, at = compile, layout = affine_map<{change(m[2])}>>", text)
    text = ENTRY.sub("", text)
    return text.replace(", stored = []", "")


@pytest.mark.parametrize("cpu", ["x86-64-v3", "x86-64-v4"])
@pytest.mark.parametrize("change", [blocks_of(16), blocks_of(48), blocks_of(64), whole, first, None], ids=["16", "48", "64", "whole", "first", "none"])
@pytest.mark.parametrize("model", [product, row, convolution, groups, batches], ids=lambda m: m.__name__)
def test_layouts(model, change, cpu):
    graph = Graph(11)
    model(graph)
    onnx_model = graph.model()
    with tempfile.TemporaryDirectory() as folder:
        plan, other = os.path.join(folder, "plan.mlir"), os.path.join(folder, "other.mlir")
        planned = girih.load(compile_model(onnx_model, folder, f"--cpu={cpu}", name="planned"))
        compile_model(onnx_model, folder, f"--cpu={cpu}", "--stop-after=plan", f"-o{plan}", name="plan")
        text = open(plan).read()
        assert ENTRY.search(text)
        if not change and model in (convolution, groups):
            pytest.skip("what lies as it does has other loops")
        with open(other, "w") as file:
            file.write(edited(text, change))
        got = girih.load(compile_model(onnx_model, folder, f"--cpu={cpu}", f"--schedule={other}", name="other")).run(graph.feeds)
        want = planned.run(graph.feeds)
        assert_close(want, reference(onnx_model, graph.feeds), scaled=2e-6)
        for name in want:
            np.testing.assert_array_equal(got[name], want[name])
