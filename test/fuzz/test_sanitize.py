"""`girih compile --sanitize=address`: kernels written by hand touch `count` elements of a tensor of 5, in every way that there is.

Up to 5 nothing is said; the sixth is reported, whether the tensor is a weight, in the arena, or the caller's.
"""
import subprocess

import pytest
import sanitizer
from support import GIRIH, Graph, compile_file, compile_model, girih_command

needs_runtime = pytest.mark.skipif(not sanitizer.library(), reason="no clang-22 with the AddressSanitizer's shared library")

SCALAR = """
    %c1 = llvm.mlir.constant(1 : i64) : i64
    %last = llvm.sub %count, %c1 : i64
    %at = llvm.getelementptr %p[%last] : (!llvm.ptr, i64) -> !llvm.ptr, f32
"""
LANES = """
    %zero = llvm.mlir.constant(dense<0.0> : vector<8xf32>) : vector<8xf32>
    %lanes = llvm.mlir.constant(dense<[0, 1, 2, 3, 4, 5, 6, 7]> : vector<8xi64>) : vector<8xi64>
    %c0 = llvm.mlir.constant(0 : i64) : i64
    %none = llvm.mlir.poison : vector<8xi64>
    %first = llvm.insertelement %count, %none[%c0 : i64] : vector<8xi64>
    %counts = llvm.shufflevector %first, %none [0, 0, 0, 0, 0, 0, 0, 0] : vector<8xi64>
    %mask = llvm.icmp "slt" %lanes, %counts : vector<8xi64>
    %ps = llvm.getelementptr %p[%lanes] : (!llvm.ptr, vector<8xi64>) -> vector<8x!llvm.ptr>, f32
"""
RESULT = """
    %e = llvm.extractelement %x[%c0 : i64] : vector<8xf32>
    llvm.store %e, %yp : f32, !llvm.ptr
"""
# {name: (code, whether it only reads)}
ACCESSES = {
    "load": (SCALAR + "    %x = llvm.load %at : !llvm.ptr -> f32\n    llvm.store %x, %yp : f32, !llvm.ptr\n", True),
    "store": (SCALAR + "    %f = llvm.mlir.constant(1.0 : f32) : f32\n    llvm.store %f, %at : f32, !llvm.ptr\n", False),
    "masked load": (LANES + "    %x = llvm.intr.masked.load %p, %mask, %zero {alignment = 4 : i32} : (!llvm.ptr, vector<8xi1>, vector<8xf32>) -> "
                    "vector<8xf32>\n" + RESULT, True),
    "masked store": (LANES + "    llvm.intr.masked.store %zero, %p, %mask {alignment = 4 : i32} : vector<8xf32>, vector<8xi1> into !llvm.ptr\n",
                     False),
    "gather": (LANES + "    %x = llvm.intr.masked.gather %ps, %mask, %zero {alignment = 4 : i32} : (vector<8x!llvm.ptr>, vector<8xi1>, "
               "vector<8xf32>) -> vector<8xf32>\n" + RESULT, True),
    "scatter": (LANES + "    llvm.intr.masked.scatter %zero, %ps, %mask {alignment = 4 : i32} : vector<8xf32>, vector<8xi1> into "
                "vector<8x!llvm.ptr>\n", False),
}
# {name: (reference, whether it may be written)}; weights begin behind their red zones.
PLACES = {"weight": ("weight, 0, <1024>", False), "arena": ("arena, 0, <0>", True), "last of the arena": ("arena, 1, <0>", True),
          "input": ("input, 0, <0>", False), "output": ("output, 0, <0>", True)}


def module(access, place):
    return f"""
module attributes {{girih.model = "touch", girih.arena = [#girih.dims<20, 0, 0, 0>, #girih.dims<20, 0, 0, 64>],
                   girih.arena_bytes = 128 : i64, girih.arena_lower_bound = 128 : i64}} {{
  llvm.func @touch(%buffers: !llvm.ptr, %dims: !llvm.ptr, %begin: i64, %end: i64, %scratch: !llvm.ptr) {{
    %count = llvm.load %dims : !llvm.ptr -> i64
    %p = llvm.load %buffers : !llvm.ptr -> !llvm.ptr
    %ypp = llvm.getelementptr %buffers[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %yp = llvm.load %ypp : !llvm.ptr -> !llvm.ptr
{ACCESSES[access][0]}    llvm.return
  }}
  func.func @main(%x: tensor<5xf32> {{girih.name = "x"}}, %n: tensor<?xf32, #girih.dims<count>> {{girih.name = "n"}}) ->
      (tensor<5xf32> {{girih.name = "y"}}) {{
    %w = girih.constant dense<2.5> : tensor<5xf32>
    %y = girih.launch @touch({"%w" if place == "weight" else "%x"}) {{dims = #girih.dims<count>, tasks = #girih.dims<1>, flops = #girih.dims<1>,
      bytes = #girih.dims<8>, name = "touch", refs = [#girih.ref<{PLACES[place][0]}>, #girih.ref<output, 0, <0>>]}} :
      (tensor<5xf32>) -> tensor<5xf32>
    return {{girih.refs = [#girih.ref<output, 0, <0>>]}} %y : tensor<5xf32>
  }}
}}
"""


def build(folder, access, place, *flags):
    path = folder / "touch.mlir"
    path.write_text(module(access, place))
    return compile_file(path, folder / "touch.so", "--start-after=llvm", *flags)


def run(library, count):
    return subprocess.run([GIRIH, "run", library, "--dim", f"count={count}", "--threads=1"], capture_output=True, text=True, timeout=60,
                          env=sanitizer.environment())


@needs_runtime
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("access", ACCESSES)
def test_every_access(tmp_path, access, place):
    if not ACCESSES[access][1] and not PLACES[place][1]:
        pytest.skip("nothing writes there")
    library = build(tmp_path, access, place, "--sanitize=address")
    right = run(library, 5)
    assert right.returncode == 0, right.stderr
    wrong = run(library, 6)
    assert wrong.returncode == 99 and "AddressSanitizer" in wrong.stderr, wrong.stderr
    size = 4 if access in ("load", "store", "gather", "scatter") else ""
    kind = "READ" if ACCESSES[access][1] else "WRITE"
    assert f"{kind} of size {size}" in wrong.stderr, wrong.stderr


@needs_runtime
def test_external_weights(tmp_path):
    library = build(tmp_path, "load", "weight", "--sanitize=address", "--external-weights")
    assert run(library, 5).returncode == 0
    assert "AddressSanitizer" in run(library, 6).stderr


def test_needs_the_runtime(tmp_path):
    library = build(tmp_path, "load", "input", "--sanitize=address")
    r = girih_command("run", library, "--dim", "count=5")
    assert "undefined symbol: __asan_" in r.stderr and "--sanitize=address" in r.stderr and "LD_PRELOAD=" in r.stderr, r.stderr


def test_ordinary_artifacts_are_free_of_it(tmp_path):
    graph = Graph()
    graph.output(graph.op("Relu", graph.op("MatMul", graph.normal(3, 4), graph.normal_weight(4, 5))))
    symbols = subprocess.run(["nm", "-D", compile_model(graph.model(), tmp_path)], capture_output=True, text=True, check=True).stdout
    assert " w __asan_poison_memory_region" in symbols
    assert " U __asan" not in symbols, symbols


def test_other_sanitizers_are_refused(tmp_path):
    r = girih_command("compile", "model.onnx", "-o", tmp_path / "model.so", "--sanitize=memory")
    assert r.stderr == "error: option '--sanitize': expected address, got 'memory'\n"
