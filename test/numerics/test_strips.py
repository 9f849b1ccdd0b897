"""Kernels that the plan joins: a strip of what one computes and the next reads through a window stays in the cache. The machine has a small cache and a slow one
behind it, so all are joined that can be; against ONNX Runtime, the same bits on any number of threads."""
import json

import numpy as np
import pytest

from support import Graph, assert_close, compile_file, compile_model, girih, reference


MACHINE = {"l1_bytes": 8192, "l2_bytes": 65536, "cores": 3, "l3_bytes_per_cycle": 0.125, "memory_bytes_per_ns": 0.125}


def chain(shape, layers, dims=None):
    """Convolutions one after the other: (channels, kernel, stride, pads, dilation, depthwise, activation); with a sum with the input at the end, if that fits."""
    g = Graph()
    first = x = g.normal(*shape, dims=dims)
    channels = shape[1]
    for out, kernel, stride, pads, dilation, depthwise, activation in layers:
        group = channels if depthwise else 1
        x = g.op("Conv", x, g.normal_weight(out, channels // group, kernel, kernel), g.normal_weight(out), kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads,
                 dilations=[dilation] * 2, group=group)
        if activation:
            x = g.op(activation, x)
        channels = out
    if channels == shape[1] and all(layer[2] == 1 for layer in layers):
        x = g.op("Add", x, first)
    g.output(x)
    return g


SAME, VALID = [1, 1, 1, 1], [0, 0, 0, 0]
CASES = {
    "inverted residual": ((1, 24, 28, 30), [(72, 1, 1, VALID, 1, False, "Relu"), (72, 3, 1, SAME, 1, True, "Relu"), (24, 1, 1, VALID, 1, False, None)]),
    "stride 2": ((1, 16, 33, 31), [(48, 1, 1, VALID, 1, False, "Relu"), (48, 3, 2, SAME, 1, True, "Relu"), (20, 1, 1, VALID, 1, False, None)]),
    "batch": ((3, 16, 20, 12), [(40, 1, 1, VALID, 1, False, "Relu"), (40, 5, 1, [2] * 4, 1, True, "Relu"), (16, 1, 1, VALID, 1, False, None)]),
    "uneven pads": ((1, 19, 27, 23), [(67, 1, 1, VALID, 1, False, "Relu"), (67, 3, 2, [0, 1, 1, 0], 1, True, "HardSwish"), (19, 1, 1, VALID, 1, False, None)]),
    "dilation": ((1, 16, 30, 30), [(33, 1, 1, VALID, 1, False, "Relu"), (33, 3, 1, [2] * 4, 2, True, None), (21, 1, 1, VALID, 1, False, "Relu")]),
    "no pads": ((1, 16, 40, 22), [(32, 3, 1, VALID, 1, False, "Relu"), (32, 3, 1, VALID, 1, True, "Relu"), (24, 1, 1, VALID, 1, False, None)]),
    "window on window": ((1, 8, 44, 18), [(32, 3, 1, SAME, 1, False, "Relu"), (32, 3, 2, SAME, 1, True, "Relu"), (32, 3, 1, SAME, 1, True, None), (16, 3, 1, SAME, 1, False, "Relu")]),
    "large pads": ((1, 16, 30, 12), [(40, 1, 1, VALID, 1, False, "Relu"), (40, 7, 1, [3] * 4, 1, True, None), (16, 1, 1, VALID, 1, False, None)]),
    "a single row": ((1, 16, 1, 400), [(64, 1, 1, VALID, 1, False, "Relu"), (64, 3, 1, SAME, 1, True, None), (16, 1, 1, VALID, 1, False, None)]),
}


@pytest.mark.parametrize("cpu", ["x86-64-v4", "x86-64-v3"])
@pytest.mark.parametrize("name", CASES)
def test_strips(name, cpu, tmp_path):
    if cpu == "x86-64-v4" and " avx512f " not in open("/proc/cpuinfo").read():
        pytest.skip("no AVX-512 here")
    machine, plan = tmp_path / "machine.json", tmp_path / "plan.mlir"
    machine.write_text(json.dumps(MACHINE))
    flags = f"--cpu={cpu}", f"--machine={machine}"
    g = chain(*CASES[name])
    artifact = compile_model(g.model(), tmp_path, *flags)
    compile_file(tmp_path / "model.onnx", plan, *flags, "--stop-after=plan")
    assert "stored = [" in plan.read_text(), "nothing was joined"
    want = reference(g.model(), g.feeds)
    results = [girih.load(artifact, threads=n).run(g.feeds) for n in (1, 2)]
    assert_close(results[0], want, scaled=1e-5)
    for name, value in results[0].items():
        assert value.tobytes() == results[1][name].tobytes(), "more threads, other bits"


# Strips of a single row go along its width, where its height is not a loop.
@pytest.mark.parametrize("name", [name for name in CASES if name != "a single row"])
def test_strips_of_any_size(name, tmp_path):
    """Sizes that only a run knows: planned for what they mostly are, run with fewer rows than a strip has, and with more."""
    machine, plan = tmp_path / "machine.json", tmp_path / "plan.mlir"
    machine.write_text(json.dumps(MACHINE))
    (batch, channels, height, width), layers = CASES[name]
    flags = "--cpu=x86-64-v3", f"--machine={machine}", f"--guess=batch={batch}", f"--guess=height={height}", f"--guess=width={width}"
    g = chain((batch, channels, height, width), layers, ["batch", channels, "height", "width"])
    model = g.model()
    artifact = compile_model(model, tmp_path, *flags)
    compile_file(tmp_path / "model.onnx", plan, *flags, "--stop-after=plan")
    assert "stored = [" in plan.read_text(), "nothing was joined"
    (x,) = g.feeds
    models = [girih.load(artifact, threads=n) for n in (1, 2)]
    for n, h, w in ((batch, height, width), (1, 7, 9), (2, 61, 40), (1, 9, 300)):
        feeds = {x: g.rng.standard_normal((n, channels, h, w)).astype(np.float32)}
        got, other = (m.run(feeds) for m in models)
        assert_close(got, reference(model, feeds), scaled=1e-5)
        for result, value in got.items():
            assert value.tobytes() == other[result].tobytes(), "more threads, other bits"


def test_pads_of_unknown_sizes_stay_apart(tmp_path):
    """What SAME puts around an image follows from its size, which a schedule cannot say."""
    machine = tmp_path / "machine.json"
    machine.write_text(json.dumps(MACHINE))
    g = Graph()
    x = g.normal(1, 16, 41, 38, dims=[1, 16, "height", "width"])
    y = g.op("Relu", g.op("Conv", x, g.normal_weight(48, 16, 1, 1)))
    g.output(g.op("Conv", y, g.normal_weight(24, 48, 3, 3), strides=[2, 2], auto_pad="SAME_UPPER"))
    artifact = compile_model(g.model(), tmp_path, f"--machine={machine}", "--guess=height=40", "--guess=width=40")
    for h, w in ((41, 38), (8, 9), (3, 70)):
        feeds = {x: g.rng.standard_normal((1, 16, h, w)).astype(np.float32)}
        assert_close(girih.load(artifact).run(feeds), reference(g.model(), feeds), scaled=1e-5)
