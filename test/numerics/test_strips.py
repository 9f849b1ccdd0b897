"""Kernels that the plan joins: a strip of what one computes and the next reads through a window stays in the cache. The machine has a small cache and a slow one
behind it, so all are joined that can be; against ONNX Runtime, the same bits on any number of threads."""
import json

import numpy as np
import pytest

from support import Graph, assert_close, compile_file, compile_model, girih, reference


def chain(shape, layers):
    """Convolutions one after the other: (channels, kernel, stride, pads, dilation, depthwise, activation); with a sum with the input at the end, if that fits."""
    g = Graph()
    first = x = g.normal(*shape)
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
    machine.write_text(json.dumps({"l1_bytes": 8192, "l2_bytes": 65536, "cores": 3, "l3_bytes_per_cycle": 0.125, "memory_bytes_per_ns": 0.125}))
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
