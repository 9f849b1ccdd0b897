"""Sums in blocks of their reduction, and copies of operands (docs/schedule.md): the same bits, whatever is left at the end of a block."""
import os
import re
import tempfile

import numpy as np
import pytest

from support import Graph, assert_close, compile_model, girih, reference

HEAD = "width = 8, fma = true, nest = "


def product(graph, weight):
    x = graph.normal(37, 203, dims=["n", 203])
    return graph.op("MatMul", x, weight)


def of_constants(graph):
    graph.output(product(graph, graph.normal_weight(203, 45)))


def of_values(graph):
    graph.output(product(graph, graph.normal(203, 45)))


def biased(graph):
    y = product(graph, graph.normal_weight(203, 45))
    graph.output(graph.op("Relu", graph.op("Add", y, graph.normal_weight(45))))


def transposed(graph):
    x = graph.op("Transpose", graph.normal(203, 37), perm=[1, 0])
    graph.output(graph.op("MatMul", x, graph.normal_weight(203, 45)))


def convolution(graph):
    x = graph.normal(2, 21, 9, 11)
    y = graph.op("Conv", x, graph.normal_weight(19, 21, 3, 3), graph.normal_weight(19), pads=[0] * 4)
    graph.output(graph.op("Relu", y))


TILE = "<d1, 16, lanes>, <d0, 6, rows>]"
COPY = f"stored = [<in0, at = 1, <{HEAD}[<d0, 1>, <d1, 4, rows>]>>]"
BLOCKED = f"stored = [<in0, at = 3, <{HEAD}[<d0, 1>, <d1, 16, lanes>]>>"
COPIES = f"{BLOCKED}, <in1, at = 3, <{HEAD}[<d0, 4, rows>, <d1, 16, lanes>]>>]"
PANELS = "layout = affine_map<(d0, d1) -> (d1 floordiv 16, d0, d1 mod 16)>, "
LAID = f"stored = [<in1, at = 3, {PANELS}<{HEAD}[<d0, 4, rows>, <d1, 16, lanes>]>>]"
SPLIT = f"stored = [<in0, at = 0, layout = affine_map<(d0, d1) -> (d0 floordiv 5, d1 floordiv 24, d0 mod 5, d1 mod 24)>, <{HEAD}[<d0, 1>, <d1, 8, lanes>]>>]"
STORED = "[<d0, 12, task>, <d0, 1>, <d1, 16, lanes>], stored = [<g0, at = 1, <" + HEAD


@pytest.mark.parametrize("model, schedule", [
    (of_constants, f"[<k0, 64>, {TILE}, reductions = [<at = 3, nest = [<k0, 4, unroll>]>]"),
    (of_constants, f"[<d0, 18, task>, <d1, 32>, <k0, 100>, <d0, 6>, <k0, 20>, {TILE}, reductions = [<at = 7, nest = [<k0, 5, unroll>]>]"),
    (of_constants, "[<d0, 6, rows>, <k0, 29>, <d1, 8, lanes>], reductions = [<at = 3, nest = [<k0, 1>]>]"),
    (of_values, f"[<k0, 64>, {TILE}, reductions = [<at = 3, nest = [<k0, 4, unroll>]>]"),
    (of_values, "[<k0, 64>, <d0, 4, rows>, <d1, 1>], reductions = [<at = 3, nest = [<k0, 4, unroll>]>]"),
    (biased, f"{STORED}[<k0, 80>, {TILE}, reductions = [<at = 3, nest = [<k0, 4, unroll>]>]>>]"),
    (of_constants, f"[<d0, 12, task>, {TILE}, reductions = [<at = 3, nest = [<k0, 4, unroll>]>], {COPY}"),
    (biased, f"[<d0, 12, task>, {TILE}, reductions = [<at = 3, nest = [<k0, 4, unroll>]>], {COPY}"),
    (transposed, f"[<d0, 12, task>, <k0, 64>, {TILE}, reductions = [<at = 4, nest = [<k0, 4, unroll>]>], {COPY}"),
    (of_constants, f"[<d0, 12, task>, <d1, 32, task>, <k0, 64>, {TILE}, reductions = [<at = 5, nest = [<k0, 4, unroll>]>], {BLOCKED}]"),
    (of_values, f"[<d0, 12, task>, <d1, 32, task>, <k0, 64>, {TILE}, reductions = [<at = 5, nest = [<k0, 4, unroll>]>], {COPIES}"),
    (of_values, f"[<d0, 12, task>, <k0, 128>, <k0, 32>, {TILE}, reductions = [<at = 5, nest = [<k0, 2, unroll>]>], {COPIES}"),
    (transposed, f"[<d0, 48, task>, <k0, 64>, <k0, 32>, {TILE}, reductions = [<at = 5, nest = [<k0, 4, unroll>]>], {BLOCKED}]"),
    (of_values, f"[<d0, 12, task>, <d1, 32, task>, <k0, 64>, {TILE}, reductions = [<at = 5, nest = [<k0, 4, unroll>]>], {LAID}"),
    (of_values, f"[<d0, 12, task>, <d1, 32>, <k0, 52>, {TILE}, reductions = [<at = 5, nest = [<k0, 4, unroll>]>], {LAID}"),
    (of_values, f"[<d1, 8, lanes>, <d0, 3, rows>], reductions = [<at = 2, nest = [<k0, 7, unroll>]>], {SPLIT}"),
    (of_constants, f"[<d1, 1>, <d0, 3, rows>], reductions = [<at = 2, nest = [<k0, 7, unroll>]>], {SPLIT}"),
    (convolution, "[<d0, 1, task>, <d0, 1>, <d1, 1>, <d2, 1>, <d3, 16, lanes>], stored = [<g0, at = 1, <" + HEAD +
     "[<d0, 1>, <k0, 1>, <k1, 16>, <d1, 1>, <d3, 16, lanes>, <d2, 6, rows>], reductions = [<at = 6, nest = [<k0, 1>, <k1, 4, unroll>]>]>>]"),
])
def test_blocks(model, schedule):
    graph = Graph(7)
    model(graph)
    onnx_model = graph.model()
    with tempfile.TemporaryDirectory() as folder:
        plan, edited = os.path.join(folder, "plan.mlir"), os.path.join(folder, "edited.mlir")
        whole = girih.load(compile_model(onnx_model, folder, "--cpu=x86-64-v3", name="whole"))
        compile_model(onnx_model, folder, "--cpu=x86-64-v3", "--stop-after=plan", f"-o{plan}", name="plan")
        # The kernel with the reduction; others pad and transpose.
        lines = open(plan).read().split("\n")
        number, = [i for i, line in enumerate(lines) if "girih.kernel" in line and "reductions = " in line]
        # Constants stay as they are packed.
        packed = re.search(r"<in\d+, at = compile, layout = affine_map<\([^>]*\) -> \([^>]*\)>>", lines[number])
        if packed and "stored = [" in schedule:
            schedule = schedule.replace("stored = [", f"stored = [{packed[0]}, ")
        elif packed:
            schedule += f", stored = [{packed[0]}]"
        lines[number], count = re.subn(r"schedule = \[.*\]>\]", f"schedule = [#girih.schedule<{HEAD}{schedule}>]", lines[number])
        assert count == 1
        with open(edited, "w") as file:
            file.write("\n".join(lines))
        blocks = compile_model(onnx_model, folder, "--cpu=x86-64-v3", f"--schedule={edited}", name="blocks")
        want = whole.run(graph.feeds)
        assert_close(want, reference(onnx_model, graph.feeds), scaled=2e-6)
        for threads in (1, 2):
            got = girih.load(blocks, threads=threads).run(graph.feeds)
            for name in want:
                np.testing.assert_array_equal(got[name], want[name])


@pytest.mark.parametrize("rows, steps, columns", [(203, 401, 1037), (301, 1021, 1024)])
@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("dynamic", [False, True])
def test_interleaved_rows(rows, steps, columns, biased, dynamic):
    """Products with weights, of which the plan copies rows so that those of a register tile are side by side."""
    graph = Graph(13)
    y = graph.op("MatMul", graph.normal(rows, steps, dims=["n", steps] if dynamic else None), graph.normal_weight(steps, columns))
    graph.output(graph.op("Relu", graph.op("Add", y, graph.normal_weight(columns))) if biased else y)
    check_copies(graph, "mod 6)>", *([f"--guess=n={rows}"] if dynamic else []))


@pytest.mark.parametrize("rows, steps, columns", [(203, 259, 77), (61, 2101, 143)])
@pytest.mark.parametrize("kind", ["plain", "left", "right", "both", "biased", "dynamic"])
def test_planned_copies(kind, rows, steps, columns):
    """Products of what only a run knows, of which the plan copies panels of columns, and rows where these are transposed."""
    graph = Graph(11)
    left, right = kind in ("left", "both"), kind in ("right", "both")
    dims = ["n", steps] if kind == "dynamic" else None
    x = graph.normal(steps, rows) if left else graph.normal(rows, steps, dims=dims)
    w = graph.normal(columns, steps) if right else graph.normal(steps, columns)
    if kind == "biased":
        graph.output(graph.op("Relu", graph.op("Gemm", x, w, graph.normal_weight(columns))))
    elif left or right:
        graph.output(graph.op("Gemm", x, w, transA=int(left), transB=int(right)))
    else:
        graph.output(graph.op("MatMul", x, w))
    check_copies(graph, "stored = [<in")


def check_copies(graph, planned, *flags):
    onnx_model = graph.model()
    with tempfile.TemporaryDirectory() as folder:
        plan = os.path.join(folder, "plan.mlir")
        compile_model(onnx_model, folder, "--cpu=x86-64-v3", *flags, "--stop-after=plan", f"-o{plan}", name="plan")
        assert planned in open(plan).read()
        artifact = compile_model(onnx_model, folder, "--cpu=x86-64-v3", *flags)
        want = girih.load(artifact, threads=1).run(graph.feeds)
        assert_close(want, reference(onnx_model, graph.feeds), scaled=2e-6)
        got = girih.load(artifact, threads=2).run(graph.feeds)
        for name in want:
            np.testing.assert_array_equal(got[name], want[name])
