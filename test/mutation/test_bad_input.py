"""What a user can get wrong, and the one message that each ends in: file, node, operator, expected and given."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import support
from support import Graph, Refused, compile_file, compile_model


def model(nodes, inputs=(("x", 1, [2, 3]),), outputs=("y",), initializers=(), opset=18):
    graph = helper.make_graph(nodes, "test", [helper.make_tensor_value_info(*i) for i in inputs],
                              [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs], list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def node(op, inputs, outputs, name="", **attributes):
    return helper.make_node(op, inputs, outputs, name=name or op.lower() + "1", **attributes)


BAD_MODELS = {
    "cycle": (model([node("Add", ["x", "b"], ["a"], "first"), node("Relu", ["a"], ["b"], "second"), node("Relu", ["b"], ["y"])]), ["cycle"]),
    "missing value": (model([node("Add", ["x", "nowhere"], ["y"])]), ["add1", "Add", "nowhere"]),
    "missing output": (model([node("Relu", ["x"], ["z"])]), ["y"]),
    "defined twice": (model([node("Relu", ["x"], ["y"], "one"), node("Neg", ["x"], ["y"], "two")]), ["two", "y"]),
    "unknown operator": (model([node("Frobnicate", ["x"], ["y"])]), ["Frobnicate"]),
    "unknown attribute": (model([node("Relu", ["x"], ["y"], beta=1.0)]), ["relu1", "Relu", "beta"]),
    "attribute of a wrong type": (model([node("Softmax", ["x"], ["y"], axis="one")]), ["softmax1", "Softmax", "axis"]),
    "too many inputs": (model([node("Relu", ["x", "x"], ["y"])]), ["relu1", "Relu"]),
    "too few inputs": (model([node("Add", ["x"], ["y"])]), ["add1", "Add"]),
    "wrong types": (model([node("Add", ["x", "i"], ["y"])], [("x", 1, [2, 3]), ("i", 7, [2, 3])]), ["add1", "Add"]),
    "shapes that do not broadcast": (model([node("Add", ["x", "z"], ["y"])], [("x", 1, [2, 3]), ("z", 1, [2, 4])]), ["add1", "Add", "3", "4"]),
    "wrong rank": (model([node("Conv", ["x", "w"], ["y"])], [("x", 1, [2, 3]), ("w", 1, [4, 3, 3, 3])]), ["conv1", "Conv"]),
    "channels": (model([node("Conv", ["x", "w"], ["y"])], [("x", 1, [1, 5, 8, 8]), ("w", 1, [4, 3, 3, 3])]), ["conv1", "Conv", "5", "3"]),
    "inner sizes": (model([node("MatMul", ["x", "z"], ["y"])], [("x", 1, [2, 3]), ("z", 1, [4, 5])]), ["matmul1", "MatMul", "3", "4"]),
    "axis out of range": (model([node("Softmax", ["x"], ["y"], axis=2)]), ["softmax1", "Softmax", "2"]),
    "negative size": (model([node("Relu", ["x"], ["y"])], [("x", 1, [2, -3])]), ["x", "-3"]),
    "impossible reshape": (model([node("Reshape", ["x", "s"], ["y"])], initializers=[numpy_helper.from_array(np.array([4, 2]), "s")]),
                           ["reshape1", "Reshape"]),
    "absurd size": (model([node("Expand", ["x", "s"], ["y"])], initializers=[numpy_helper.from_array(np.array([2**40, 2**40, 2, 3]), "s")]), ["expand1"]),
    "kernel larger than its input": (model([node("MaxPool", ["x"], ["y"], kernel_shape=[9, 9])], [("x", 1, [1, 1, 4, 4])]), ["maxpool1"]),
    "zero stride": (model([node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], strides=[0, 1])], [("x", 1, [1, 1, 4, 4])]), ["maxpool1", "strides"]),
    "operator of an opset too old": (model([node("Add", ["x", "x"], ["y"])], opset=6), ["Add", "6"]),
    "string tensor": (model([node("Identity", ["x"], ["y"])], [("x", 8, [2])]), ["x"]),
}


@pytest.mark.parametrize("what", BAD_MODELS)
def test_bad_model(what, tmp_path):
    bad, words = BAD_MODELS[what]
    with pytest.raises(Refused) as refusal:
        compile_model(bad, tmp_path)
    message = str(refusal.value)
    assert "model.onnx" in message
    for word in words:
        assert word in message, message
    assert len(message.splitlines()) <= 4, message


def test_all_unsupported_operators_are_listed(tmp_path):
    nodes = [node("Frobnicate", ["x"], ["a"], "f1"), node("Frobnicate", ["a"], ["b"], "f2"), node("GRUnit", ["b"], ["c"], "g1"), node("Relu", ["c"], ["y"])]
    with pytest.raises(Refused, match="(?s)Frobnicate.*2.*GRUnit|GRUnit.*Frobnicate.*2"):
        compile_model(model(nodes), tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"hello, world\n", b"{", b"{}", b'{"format": "girih-graph"}', b"\x08", b"\xff" * 64])
@pytest.mark.parametrize("extension", ["onnx", "json"])
def test_not_a_model(content, extension, tmp_path):
    path = tmp_path / f"model.{extension}"
    path.write_bytes(content)
    with pytest.raises(Refused, match=path.name):
        compile_file(path, tmp_path / "model.so")


def good(tmp_path):
    path = tmp_path / "good.onnx"
    onnx.save(model([node("Relu", ["x"], ["y"])]), path)
    return path


def refused(*args, words):
    r = support.girih_command(*args)
    assert r.returncode == 1 and all(w in r.stderr for w in words), r.stderr


def test_no_such_file(tmp_path):
    refused("compile", tmp_path / "none.onnx", "-o", tmp_path / "x.so", words=["none.onnx", "No such file"])


def test_output_that_cannot_be_written(tmp_path):
    path = good(tmp_path)
    refused("compile", path, "-o", tmp_path / "no" / "x.so", words=["x.so"])
    (tmp_path / "folder.so").mkdir()
    refused("compile", path, "-o", tmp_path / "folder.so", words=["folder.so"])
    refused("compile", path, "-o", tmp_path / "x.exe", words=["x.exe", ".so"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.so", "good.onnx"]


@pytest.mark.parametrize("kind", ["so", "a", "o"])
@pytest.mark.parametrize("size", [16, 48, 64, 80, 96, 112])
def test_full_disk(kind, size, tmp_path):
    """Whatever is being written when the disk is full: objects, an archive, weights, the library."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("needs root to mount a small file system")
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.system(f"mount -t tmpfs -o size={size}k tmpfs {disk} 2>/dev/null"):
        pytest.skip("may not mount here")
    try:
        r = support.girih_command("compile", support.SOURCE / "models" / "mlp.json", "-o", disk / f"x.{kind}")
        if r.returncode:
            assert "No space left" in r.stderr and not list(disk.iterdir())
    finally:
        os.system(f"umount {disk}")


def test_existing_output_survives_a_failure(tmp_path):
    out = tmp_path / "x.so"
    out.write_text("before")
    bad = tmp_path / "bad.onnx"
    onnx.save(BAD_MODELS["unknown operator"][0], bad)
    assert support.girih_command("compile", bad, "-o", out).returncode == 1
    assert out.read_text() == "before"


def test_options(tmp_path):
    path = good(tmp_path)
    refused("compile", path, "-o", tmp_path / "x.so", "--cpu=nonsense", words=["nonsense"])
    refused("compile", path, "-o", tmp_path / "x.so", "--frobnicate", words=["--frobnicate"])
    refused("compile", path, "-o", tmp_path / "x.so", "--dim", "nope=3", words=["nope"])
    refused("compile", path, "-o", tmp_path / "x.so", "--dim", "n=", words=["n="])
    refused("compile", path, words=["-o"])
    refused("frobnicate", words=["frobnicate"])


def external(tmp_path, location, length=None, size=24):
    m = model([node("Add", ["x", "w"], ["y"])])
    t = m.graph.initializer.add(name="w", data_type=TensorProto.FLOAT, dims=[2, 3], data_location=TensorProto.EXTERNAL)
    entries = {"location": location, **({"length": str(length)} if length is not None else {})}
    for key, value in entries.items():
        t.external_data.add(key=key, value=value)
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "weights.bin").write_bytes(b"\0" * size)
    (tmp_path / "outside.bin").write_bytes(b"\0" * 24)
    onnx.save(m, tmp_path / "m" / "model.onnx")
    return tmp_path / "m" / "model.onnx"


@pytest.mark.parametrize("location,size", [("none.bin", 24), ("weights.bin", 20), ("../outside.bin", 24), ("/etc/passwd", 24), ("", 24), ("link.bin", 24)])
def test_external_data(location, size, tmp_path):
    path = external(tmp_path, location, size=size)
    if location == "link.bin":
        (tmp_path / "m" / "link.bin").symlink_to(tmp_path / "outside.bin")
    with pytest.raises(Refused, match="w|" + (location or "location")):
        compile_file(path, tmp_path / "model.so")


def test_external_data_that_is_fine(tmp_path):
    path = external(tmp_path, "weights.bin")
    x = np.ones((2, 3), np.float32)
    artifact = support.girih.load(compile_file(path, tmp_path / "model.so"))
    np.testing.assert_array_equal(artifact.run({"x": x})["y"], x)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory):
    g = Graph(1)
    a = g.normal(2, 3, dims=["n", 3])
    g.output(g.op("Add", a, g.normal(2, 3, dims=["n", 3])))
    return support.girih.load(compile_model(g.model(), tmp_path_factory.mktemp("run"))), list(g.feeds), g.feeds


def test_run_time_errors(artifact):
    """Exceptions that name the input, what was expected and what was given."""
    loaded, (first, second), feeds = artifact
    wrong = {
        "missing": ({first: feeds[first]}, [second]),
        "unknown": ({**feeds, "other": feeds[first]}, ["other"]),
        "type": ({**feeds, first: feeds[first].astype(np.float64)}, [first, "f32|float32", "f64|float64"]),
        "rank": ({**feeds, first: feeds[first][0]}, [first]),
        "size": ({**feeds, first: np.zeros((2, 4), np.float32)}, [first, "3", "4"]),
        "symbol": ({**feeds, second: np.zeros((5, 3), np.float32)}, ["5", "2"]),
    }
    for what, (given, words) in wrong.items():
        with pytest.raises(Exception) as error:
            loaded.run(given)
        for word in words:
            assert any(w in str(error.value) for w in word.split("|")), (what, str(error.value))
    np.testing.assert_array_equal(loaded.run(feeds)[next(iter(loaded.run(feeds)))], feeds[first] + feeds[second])


def test_artifact_for_another_cpu(tmp_path):
    """AMX is in few machines; where it is missing, loading must say so instead of running into an illegal instruction."""
    if " amx_tile " in open("/proc/cpuinfo").read():
        pytest.skip("this CPU has AMX")
    path = compile_file(good(tmp_path), tmp_path / "x.so", "--cpu=sapphirerapids")
    with pytest.raises(Exception, match="(?i)cpu"):
        support.girih.load(path).run({"x": np.ones((2, 3), np.float32)})


def test_truncated_artifact(tmp_path):
    """dlopen dies of a bus error where a mapped file ends too early, so this is found before."""
    whole = pathlib.Path(compile_file(good(tmp_path), tmp_path / "x.so")).read_bytes()
    for size in (63, 64, 500, 5000, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.so").write_bytes(whole[:size])
        refused("run", tmp_path / "cut.so", words=["cut.so", "compile"])
        with pytest.raises(support.girih.Error, match="cut.so"):
            support.girih.load(tmp_path / "cut.so")


@pytest.mark.parametrize("flags, file", [([], "x.so"), (["--external-weights"], "x.so.weights")])
def test_cut_off_while_in_use(flags, file, tmp_path):
    """The next run is an error, and the program ends in order."""
    g = Graph()
    g.output(g.op("Add", g.normal(1, 1000), g.normal_weight(1, 1000)))
    onnx.save(g.model(), tmp_path / "m.onnx")
    compile_file(tmp_path / "m.onnx", tmp_path / "x.so", *flags)
    script = f"""
import os, sys, time
sys.path.insert(0, {str(support.SOURCE / "test")!r})
import numpy as np
from support import girih
model, feeds = girih.load({str(tmp_path / "x.so")!r}, threads=2), {{"x0": np.ones((1, 1000), np.float32)}}
model.run(feeds)
time.sleep(0.05)
os.truncate({str(tmp_path / file)!r}, 3000)
try:
    model.run(feeds)
except girih.Error as e:
    sys.exit(str(e))
"""
    r = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert r.returncode == 1 and f"{file}' was cut off" in r.stderr, (r.returncode, r.stderr)


def test_not_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.so")
    for path in (tmp_path, tmp_path / "pipe.so"):
        refused("run", path, words=[path.name, "not a regular file"])
        refused("compile", path, "-o", tmp_path / "x.so", words=[path.name, "not a regular file"])
        with pytest.raises(support.girih.Error, match="not a regular file"):
            support.girih.load(path)


def test_damaged_artifact_is_inspected(tmp_path):
    """inspect reads the tables of any library without a crash: it loads none."""
    whole = pathlib.Path(compile_file(good(tmp_path), tmp_path / "x.so")).read_bytes()
    rng = np.random.default_rng(7)
    messages = set()
    tables = whole.index(b"girih_artifact_table")
    for i in range(100):
        data = bytearray(whole)
        # Headers, symbols, relocations and tables are at both ends, the runtime's code between them.
        for at in rng.integers(0, len(data), 40) if i % 2 else rng.integers(0, tables + 4000, 8):
            data[at] = rng.integers(256)
        (tmp_path / "bad.so").write_bytes(data)
        messages.add(support.girih_command("inspect", tmp_path / "bad.so").stderr)
    assert len(messages) > 1, "nothing was refused"
    pointers = bytearray(whole)
    relative = b"\x08" + bytes(7)
    for at in range(0, len(whole) - 48, 8):  # the target of every relocation (but the last)
        if whole[at + 8:at + 16] == whole[at + 32:at + 40] == relative:
            pointers[at + 16:at + 24] = rng.bytes(8)
    (tmp_path / "bad.so").write_bytes(pointers)
    refused("inspect", tmp_path / "bad.so", words=["bad.so", "tables are damaged"])


def slow_model(path, largest=300):
    """Takes half a second or more: as many different kernels."""
    g = Graph()
    x = g.input(np.ones((1, 3), np.float32))
    for size in range(10, largest, 3):
        x = g.op("MatMul", x, g.weight(np.ones((size - 3 if size > 10 else 3, size), np.float32)))
    g.output(x)
    onnx.save(g.model(), path)


def wait_for(condition, process):
    end = time.time() + 60
    while not condition():
        assert process.poll() is None and time.time() < end, "it was done before it could be disturbed"
        time.sleep(0.001)


@pytest.mark.parametrize("kind, flags", [(".so", ["--external-weights"]), (".o", []), (".a", ["--external-weights"])])
def test_output_that_is_taken_meanwhile(kind, flags, tmp_path):
    """A name that is free at first and not at the end: what was there before stays, and nothing else."""
    slow_model(tmp_path / "slow.onnx", 100)
    out, header = tmp_path / f"x{kind}", tmp_path / "x.h"
    header.write_text("old header")
    process = subprocess.Popen([support.GIRIH, "compile", tmp_path / "slow.onnx", "-o", out, *flags], stderr=subprocess.PIPE, text=True)
    wait_for(lambda: any(p.name.startswith(f".x{kind}.") for p in tmp_path.iterdir()), process)
    out.mkdir()
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode == 1 and f"cannot write '{out}': " in stderr, stderr
    assert {p.name for p in tmp_path.iterdir()} == {"slow.onnx", "x.h", out.name}
    assert header.read_text() == "old header"


def test_input_that_is_cut_off_meanwhile(tmp_path):
    """Weights are mapped while they are compiled: a bus error becomes a message that names the file."""
    size = 4096
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[size, size], data_location=TensorProto.EXTERNAL)
    weights.external_data.add(key="location", value="w.bin")
    onnx.save(model([node("MatMul", ["x", "w"], ["y"])], [("x", 1, [1, size])], initializers=[weights]), tmp_path / "m.onnx")
    with open(tmp_path / "w.bin", "wb") as file:
        file.truncate(4 * size * size)
    process = subprocess.Popen([support.GIRIH, "compile", tmp_path / "m.onnx", "-o", tmp_path / "x.so"], stderr=subprocess.PIPE, text=True)
    wait_for(lambda: str(tmp_path / "w.bin") in pathlib.Path(f"/proc/{process.pid}/maps").read_text(), process)
    os.truncate(tmp_path / "w.bin", 0)
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode == 1, stderr
    assert stderr.startswith("error: ") and "w.bin: the file was cut off while it was being read" in stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.onnx", "w.bin"]


@pytest.mark.parametrize("delay", [0.05, 0.2, 0.5])
def test_interrupted(delay, tmp_path):
    """Ctrl-C leaves nothing behind, whatever the stage."""
    slow_model(tmp_path / "slow.onnx")
    # A job in a shell's background ignores Ctrl-C, and so does what it starts.
    process = subprocess.Popen([support.GIRIH, "compile", tmp_path / "slow.onnx", "-o", tmp_path / "x.so"], stderr=subprocess.PIPE,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT, "it was done before the signal came"
    assert [p.name for p in tmp_path.iterdir()] == ["slow.onnx"]


@pytest.mark.parametrize("content", [None, b"", b"not a library"])
def test_not_an_artifact(content, tmp_path):
    path = tmp_path / "x.so"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Exception, match="x.so"):
        support.girih.load(path)
