"""What holds of every artifact: the same bits on any number of threads and from any compilation, right numbers on every CPU level and
on the naive path, and one artifact for many shapes."""
import os
import resource
import subprocess

import numpy as np
import pytest

import support
from support import Graph, assert_close, check, compile_model, reference


def network(seed=1, size=29):
    """Convolutions of each kind, a concatenation, pooling, attention-like products and reductions."""
    g = Graph(seed)
    x = g.normal(1, 3, size, size + 4)
    y = g.op("Relu", g.op("Conv", x, g.normal_weight(32, 3, 3, 3), g.normal_weight(32), pads=[1] * 4, strides=[2, 2]))
    a = g.op("Conv", y, g.normal_weight(32, 1, 5, 5), pads=[2] * 4, group=32)
    b = g.op("Sigmoid", g.op("Conv", y, g.normal_weight(17, 32, 1, 1)))
    c = g.op("Concat", a, b, g.op("MaxPool", y, kernel_shape=[3, 3], pads=[1] * 4), axis=1)
    d = g.op("Conv", c, g.weight((g.rng.standard_normal((40, 81, 3, 3)) * 0.1).astype(np.float32)), strides=[2, 2])
    t = g.op("Transpose", g.op("Reshape", d, g.weight(np.array([40, -1]))), perm=[1, 0])
    scores = g.op("Softmax", g.op("MatMul", t, g.op("Transpose", t, perm=[1, 0])), axis=-1)
    g.output(g.op("MatMul", scores, t))
    g.output(g.op("ReduceMean", d, g.weight(np.array([2, 3]))))
    return g


def test_threads_give_the_same_bits(tmp_path):
    graph = network()
    path = compile_model(graph.model(), tmp_path)
    results = [support.girih.load(path, threads=n).run(graph.feeds) for n in (1, 2, 3)]
    for name, want in results[0].items():
        for got in results[1:]:
            assert got[name].tobytes() == want.tobytes(), name


def test_two_compilations_give_the_same_bytes(tmp_path):
    model = network().model()
    first = compile_model(model, tmp_path)
    (tmp_path / "again").mkdir()
    again = tmp_path / "again" / "model.so"
    support.compile_file(tmp_path / "model.onnx", again, "-j2")
    with open(first, "rb") as a, open(again, "rb") as b:
        assert a.read() == b.read()


LEVELS = {"x86-64-v2": "sse4_2", "x86-64-v3": "avx2", "x86-64-v4": "avx512f"}


@pytest.mark.parametrize("cpu", LEVELS)
def test_cpu_levels(cpu):
    if f" {LEVELS[cpu]} " not in open("/proc/cpuinfo").read():
        pytest.skip(f"this CPU lacks {LEVELS[cpu]}")
    check(network(2), f"--cpu={cpu}", scaled=1e-5)


@pytest.mark.parametrize("name", ["mlp", "convnet", "transformer"])
def test_optimised_against_naive(name, tmp_path):
    model = support.SOURCE / "models" / f"{name}.json"
    rng = np.random.default_rng(4)
    feeds = {"mlp": {"points": rng.standard_normal((33, 2)).astype(np.float32)}, "convnet": {"image": rng.standard_normal((1, 3, 32, 32)).astype(np.float32)},
             "transformer": {"ids": rng.integers(0, 64, (2, 19))}}[name]
    fast = support.girih.load(support.compile_file(model, tmp_path / "fast.so")).run(feeds)
    slow = support.girih.load(support.compile_file(model, tmp_path / "slow.so", "--naive")).run(feeds)
    assert_close(fast, slow, rtol=1e-5, atol=1e-6, scaled=1e-5)


def test_optimised_against_naive_network():
    graph = network(3, 33)
    assert_close(support.run_model(graph.model(), graph.feeds), support.run_model(graph.model(), graph.feeds, "--naive"), scaled=1e-5)


def dynamic_network():
    g = Graph(5)
    x = g.normal(1, 3, 20, 24, dims=["n", 3, "2*h", "w"])
    y = g.op("Relu", g.op("Conv", x, g.normal_weight(8, 3, 3, 3), pads=[1] * 4, strides=[2, 2]))
    z = g.op("ConvTranspose", y, g.normal_weight(8, 4, 2, 2), strides=[2, 2])
    g.output(g.op("Concat", z, g.op("Resize", y, "", g.weight(np.array([1, 1, 2, 2], np.float32)), mode="nearest"), axis=1))
    shape = g.op("Shape", y)
    n = g.op("Gather", shape, g.weight(np.array([0])))
    g.output(g.op("Reshape", y, g.op("Concat", n, g.weight(np.array([8, -1])), axis=0)))
    g.output(g.op("ReduceMean", y, g.weight(np.array([2, 3])), keepdims=0))
    return g


def test_one_artifact_many_shapes(tmp_path):
    graph = dynamic_network()
    model = graph.model()
    artifact = support.girih.load(compile_model(model, tmp_path))
    (name,) = graph.feeds
    for n, h, w in [(1, 20, 24), (2, 8, 10), (1, 2, 2), (3, 34, 18), (1, 20, 24)]:
        feeds = {name: graph.rng.standard_normal((n, 3, h, w)).astype(np.float32)}
        assert_close(artifact.run(feeds), reference(model, feeds), scaled=1e-5)


@pytest.mark.parametrize("cpu", ["host", "x86-64-v3"])
def test_few_and_many_rows(tmp_path, cpu):
    """Products have variants for few rows: with remainders of blocks, behind a Gelu, and with a table that is gathered from, too."""
    g = Graph(8, opset=20)
    x = g.normal(4, 40, dims=["rows", 40])
    y = g.op("Relu", g.op("Gemm", x, g.normal_weight(40, 300), g.normal_weight(300)))
    y = g.op("Gelu", g.op("MatMul", y, g.normal_weight(300, 77)))
    g.output(g.op("Softmax", g.op("MatMul", y, g.normal_weight(77, 24))))
    table = g.normal_weight(50, 33)
    ids = g.input(np.array([3, 1, 4, 1]), ["rows"])
    z = g.op("Gather", table, ids)
    g.output(g.op("MatMul", z, g.op("Transpose", table, perm=[1, 0])))
    model = g.model()
    artifact = support.girih.load(compile_model(model, tmp_path, f"--cpu={cpu}"))
    for rows in (1, 2, 3, 4, 5, 14, 0, 37, 3):
        feeds = {x: g.rng.standard_normal((rows, 40)).astype(np.float32), ids: g.rng.integers(0, 50, rows)}
        assert_close(artifact.run(feeds), reference(model, feeds))


def test_sequence_lengths(tmp_path):
    """A cache that grows: `past` and `past + 1`."""
    g = Graph(6)
    past = g.normal(1, 2, 5, 8, dims=[1, 2, "past", 8])
    new = g.normal(1, 2, 1, 8)
    keys = g.op("Concat", past, new, axis=2)
    g.output(keys)
    scores = g.op("Softmax", g.op("MatMul", new, g.op("Transpose", keys, perm=[0, 1, 3, 2])), axis=-1)
    g.output(g.op("MatMul", scores, keys))
    model = g.model()
    artifact = support.girih.load(compile_model(model, tmp_path))
    for length in (5, 0, 1, 64, 127):
        feeds = {past: g.rng.standard_normal((1, 2, length, 8)).astype(np.float32), new: g.feeds[new]}
        assert_close(artifact.run(feeds), reference(model, feeds))


def test_shapes_from_inputs(tmp_path):
    """Reshape's, Slice's and Expand's integers given at run time."""
    g = Graph(7)
    x = g.normal(4, 6)
    shape = g.input(np.array([3, 8]))
    starts, ends = g.input(np.array([1])), g.input(np.array([3]))
    g.output(g.op("Reshape", x, shape))
    g.output(g.op("Slice", x, starts, ends))
    model = g.model()
    artifact = support.girih.load(compile_model(model, tmp_path))
    for s, a, b in [((3, 8), 1, 3), ((24, 1), 0, 4), ((2, 12), 2, 3)]:
        feeds = {x: g.feeds[x], shape: np.array(s), starts: np.array([a]), ends: np.array([b])}
        assert_close(artifact.run(feeds), reference(model, feeds))


def test_pinned_dimensions(tmp_path):
    graph = dynamic_network()
    model = graph.model()
    artifact = support.girih.load(compile_model(model, tmp_path, "--dim", "n=1", "--dim", "w=24"))
    assert_close(artifact.run(graph.feeds), reference(model, graph.feeds), scaled=1e-5)
    (name,) = graph.feeds
    with pytest.raises(Exception, match=name):
        artifact.run({name: np.zeros((2, 3, 20, 24), np.float32)})


def test_external_weights(tmp_path):
    graph = network(8)
    path = compile_model(graph.model(), tmp_path, "--external-weights")
    assert_close(support.girih.load(path).run(graph.feeds), reference(graph.model(), graph.feeds), scaled=1e-5)


def chain(nodes):
    g = Graph(9)
    y = g.normal(4, 8)
    for i in range(nodes):
        y = g.op(("Relu", "Neg", "Abs", "Sigmoid")[i % 4], y)
    g.output(y)
    return g


def processor_seconds(*command):
    """What a command takes of the processor, however busy the machine is."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert support.girih_command(*command).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_many_nodes_compile_in_linear_time(tmp_path):
    """Eight times the nodes take at most eight times as long, and half of that for noise; one quadratic pass would be far above."""
    few, many = 5000, 40000
    for nodes in (few, many):
        support.onnx.save(chain(nodes).model(), tmp_path / f"{nodes}.onnx")
    ratios = []
    for _ in range(3):
        seconds = [processor_seconds("compile", tmp_path / f"{n}.onnx", "-o", tmp_path / f"{n}.so", "-j1") for n in (few, many)]
        ratios.append(seconds[1] / seconds[0])
        if ratios[-1] <= 1.5 * many / few:
            break
    assert min(ratios) <= 1.5 * many / few, f"{many} nodes take {ratios} times as long as {few}"
    graph = chain(few)
    assert_close(support.girih.load(tmp_path / f"{few}.so").run(graph.feeds), reference(graph.model(), graph.feeds))


def test_artifact_needs_little(tmp_path):
    """libc, libm and pthreads only, and a small runtime."""
    g = Graph(10)
    g.output(g.op("Exp", g.normal(4)))
    path = compile_model(g.model(), tmp_path)
    needed = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
    libraries = {line.split("[")[1].split("]")[0] for line in needed.splitlines() if "NEEDED" in line}
    assert libraries <= {"libc.so.6", "libm.so.6", "libpthread.so.0"}, libraries
    assert os.path.getsize(path) < 200_000
