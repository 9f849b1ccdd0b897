"""The Python package on the hand-written model of test/Runtime/by_hand.c."""
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from support import BUILD, girih

LIBRARY = BUILD / "lib" / "girih-test-model.so"


@pytest.fixture(scope="module")
def model():
    return girih.load(LIBRARY, threads=2)


def feeds(n, size):
    x = np.arange(n * 4, dtype=np.float32).reshape(n, 4) - n
    return {"x": x, "factor": np.full(1, 2, np.float32), "size": np.array([size])}


def assert_right(inputs, outputs):
    want = np.abs((inputs["x"] + 1) * inputs["factor"]) * np.float32([1, 2, 3, 4])
    np.testing.assert_array_equal(outputs["y"], want)
    np.testing.assert_array_equal(outputs["copy"], want)
    n, size = len(inputs["x"]), inputs["size"][0]
    np.testing.assert_array_equal(outputs["table"], np.repeat(np.arange(size, dtype=np.float32)[:, None], n, 1))


def test_inspect(model):
    assert [(i.name, i.dtype, i.shape) for i in model.inputs] == [
        ("x", np.float32, ("n", 4)),
        ("factor", np.float32, (1,)),
        ("size", np.int64, (1,)),
    ]
    assert [o.name for o in model.outputs] == ["y", "copy", "table"]
    assert model.outputs[2].shape == ("size[0]", "n")
    assert model.threads == 2
    assert "x: float32[n, 4]" in repr(model)


def test_shapes_and_order(model):
    for n, size in [(3, 2), (1, 0), (0, 3), (500, 7), (3, 2)]:
        inputs = feeds(n, size)
        outputs = model.run(dict(reversed(inputs.items())))
        assert list(outputs) == ["y", "copy", "table"]
        assert_right(inputs, outputs)


def test_any_memory(model):
    inputs = feeds(6, 2)
    x = inputs["x"]
    readonly = x.copy()
    readonly.flags.writeable = False
    misaligned = np.frombuffer(b"0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape)
    for array in (readonly, np.asfortranarray(x), np.repeat(x, 2, 0)[::2], misaligned, x.tolist()):
        assert_right(inputs, model.run({**inputs, "x": array}))


def test_outputs_stay_valid():
    model = girih.load(LIBRARY, threads=1)
    inputs = feeds(4, 1)
    first = model.run(inputs)
    model.run(feeds(9, 3))
    del model
    assert_right(inputs, first)
    assert first["y"].flags.owndata


@pytest.mark.parametrize(
    "change, message",
    [
        ({"x": np.zeros((3, 4))}, r"input 'x': expected f32\[n, 4\], got f64\[3, 4\] \(the element type differs\)"),
        ({"x": np.zeros(3, np.float32)}, r"input 'x': expected f32\[n, 4\], got f32\[3\] \(the number of dimensions differs\)"),
        ({"x": np.zeros((3, 5), np.float32)}, r"input 'x': expected f32\[n, 4\], got f32\[3, 5\] \(dimension 1 must be 4\)"),
        ({"x": np.zeros((3, 4), ">f4")}, r"input 'x': expected f32\[n, 4\], got >f4\[3, 4\]"),
        ({"x": "text"}, r"input 'x': expected f32\[n, 4\], got str"),
        ({"y": 1}, r"unknown input 'y'; the model's inputs are 'x': f32\[n, 4\], 'factor': f32\[1\], 'size': i64\[1\]"),
        ({"size": np.array([-1])}, r"output 'table' would have the shape \[-1, 3\]"),
    ],
)
def test_wrong_inputs(model, change, message):
    with pytest.raises(girih.InputError, match=message):
        model.run({**feeds(3, 1), **change})
    inputs = feeds(3, 1)
    assert_right(inputs, model.run(inputs))


def test_missing_input(model):
    inputs = feeds(3, 1)
    del inputs["factor"]
    with pytest.raises(girih.InputError, match="missing input 'factor'; the model's inputs are"):
        model.run(inputs)
    with pytest.raises(girih.InputError, match="missing input 'factor'; unknown input 'Factor'"):
        model.run({**inputs, "Factor": 1})


def test_threads(model):
    wrong = []

    def work(n):
        for i in range(100):
            inputs = feeds(n + i % 3, i % 2)
            try:
                assert_right(inputs, model.run(inputs))
            except Exception as e:  # reported by the main thread
                wrong.append(e)

    threads = [threading.Thread(target=work, args=(10 * k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def test_forked_child(tmp_path):
    """A model that was loaded before a fork says so in the child, which loads its own; the parent's goes on."""
    script = tmp_path / "fork.py"
    script.write_text(f"""
import os, signal, sys
sys.path[:0] = {[str(Path(__file__).parents[i]) for i in (0, 1)]}
from test_package import LIBRARY, assert_right, feeds, girih
model, inputs = girih.load(LIBRARY, threads=2), feeds(500, 3)
assert_right(inputs, model.run(inputs))
child = os.fork()
if not child:
    signal.alarm(30)
    try:
        model.run(inputs)
    except girih.Error as e:
        assert "before a fork" in str(e) and not isinstance(e, girih.InputError), e
        del model
        assert_right(inputs, girih.load(LIBRARY, threads=2).run(inputs))
        sys.exit(7)
    sys.exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert_right(inputs, model.run(inputs))
""")
    subprocess.run([sys.executable, script], check=True, timeout=60, cwd=Path(__file__).parents[1])


def test_wrong_files(tmp_path):
    with pytest.raises(girih.Error, match="can't read '.*nothing.so': no such file"):
        girih.load(tmp_path / "nothing.so")
    text = tmp_path / "model.onnx"
    text.write_text("text")
    with pytest.raises(girih.Error, match="can't be loaded as a compiled model"):
        girih.load(text)
    with pytest.raises(ValueError, match="threads: expected an integer >= 0, got -1"):
        girih.load(LIBRARY, threads=-1)


def test_replaced_file(tmp_path):
    """A library that was compiled again is loaded anew, though the old one is still in use."""
    path = tmp_path / "model.so"
    shutil.copy(LIBRARY, path)
    old = girih.load(path, threads=1)
    data = path.read_bytes().replace(b"by_hand\0", b"by_HAND\0")
    path.unlink()
    path.write_bytes(data)
    new = girih.load(path, threads=1)
    assert (old.name, new.name) == ("by_hand", "by_HAND")


def test_compile_errors(tmp_path, monkeypatch):
    with pytest.raises(girih.CompileError, match="nothing.onnx"):
        girih.compile(tmp_path / "nothing.onnx", tmp_path / "out.so", cpu="host", j=1)
    monkeypatch.setenv("GIRIH", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(girih._compile, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(girih.CompileError, match="no girih command: set GIRIH"):
        girih.compile("a.onnx", "b.so")
