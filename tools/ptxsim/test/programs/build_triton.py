#!/usr/bin/env python3
"""Compiles triton/*.py to ptx/triton_NAME.sm_NN.ptx.xz and writes what a launch needs to know to triton/launches.json. Both are committed: tests need no
Triton. Needs Triton 3.9, but no GPU.

    build_triton.py [NAME...]
"""
import json
import linecache
import os
import pathlib
import re
import sys
import types

import packed
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

HERE = pathlib.Path(__file__).resolve().parent


def load_kernels():
    """All kernels by name, their code under a relative path, which is what `.file` and the debug information then say."""
    os.chdir(HERE / "triton")
    kernels = {}
    for path in sorted(pathlib.Path(".").glob("*.py")):
        text = path.read_text()
        linecache.cache[path.name] = (len(text), None, text.splitlines(True), path.name)
        module = types.ModuleType(path.stem)
        sys.modules[path.stem] = module
        exec(compile(text, path.name, "exec"), module.__dict__)
        kernels |= {name: value for name, value in vars(module).items() if isinstance(value, triton.JITFunction)}
    return kernels


POINTER = {"f16": "*fp16", "bf16": "*bf16", "f32": "*fp32", "i8": "*i8", "u8": "*u8", "i32": "*i32", "fp8": "*fp8e4nv"}
MATMUL = {"GROUP": 8, "LEAKY": False}


def matmul(type, out, acc, tiles, **rest):
    dots = {"f16": "f16", "bf16": "bf16", "f32": "f32", "i8": "i8"}[type]
    options = {k: rest.pop(k) for k in ("warps", "stages", "archs") if k in rest}
    multiple = rest.pop("multiple", 1)  # that Triton's launcher would find M and N to be of
    sizes = {"M": multiple, "N": multiple, "K": 16}
    constants = {**MATMUL, "BM": tiles[0], "BN": tiles[1], "BK": tiles[2], "OUT": out, "ACC": acc, **rest}
    pointer = {"float16": "f16", "float32": "f32", "int32": "i32", "bfloat16": "bf16"}[out]
    return "matmul", {"a": dots, "b": dots, "c": pointer, **sizes, "stride_a": 16, "stride_b": 16, "stride_c": 16}, constants, options


def attention(kernel, buffers, constants, **options):
    arguments = {**buffers, "scale": 0.0, "stride_head": 16, "S": 16}
    return kernel, arguments, constants, options


def split_k(type, precision, tiles, **options):
    return "split_k", {"a": type, "b": type, "c": "f32", "M": 1, "N": 1, "K": 1}, \
        {"BM": tiles[0], "BN": tiles[1], "BK": tiles[2], "SPLIT": 3, "PRECISION": precision}, options


HEADS = dict.fromkeys(("q", "k", "v"), "f16")
BACKWARD = {**dict.fromkeys(("q", "k", "v", "dout", "dq", "dk", "dv"), "f16"), "lse": "f32", "delta": "f32"}
# Kernel, arguments (a buffer's element type; for a number, what it is a multiple of; 0.0: a float), constants, options.
VARIANTS = {
    "add": ("add", {"x": "f32", "y": "f32", "out": "f32", "n": 16}, {"BLOCK": 1024}, {"archs": (80, 90, 100)}),
    "softmax": ("softmax", {"x": "f32", "out": "f32", "stride": 1, "rows": 1, "columns": 1}, {"BLOCK": 1024, "STAGES": 4}, {"warps": 8, "archs": (80, 90)}),
    "matmul_f16": matmul("f16", "float16", "float32", (64, 64, 32), LEAKY=True, archs=(80, 90)),
    "matmul_bf16": matmul("bf16", "bfloat16", "float32", (64, 32, 32), stages=3),
    "matmul_tf32": matmul("f32", "float32", "float32", (64, 64, 16), stages=2),
    "matmul_i8": matmul("i8", "int32", "int32", (64, 64, 64), stages=2),
    "matmul_large": matmul("f16", "float16", "float32", (128, 128, 32), warps=8, stages=3),
    "matmul_narrow": matmul("f16", "float16", "float32", (64, 64, 64), stages=4, archs=(80, 120), multiple=16),
    "dropout": ("dropout", {"x": "f32", "out": "f32", "n": 1, "p": 0.0, "seed": 1}, {"BLOCK": 512}, {}),
    "layer_norm": ("layer_norm", {"x": "f16", "y": "f16", "weight": "f32", "bias": "f32", "mean": "f32", "rstd": "f32", "stride": 1, "N": 1, "eps": 0.0},
                   {"BLOCK": 512}, {}),
    "layer_norm_backward": ("layer_norm_backward", {"dx": "f16", "dy": "f16", "dw": "f32", "db": "f32", "x": "f16", "weight": "f32", "mean": "f32", "rstd": "f32",
                                                    "lock": "i32", "stride": 1, "N": 1}, {"GROUPS": 4, "BLOCK": 512}, {}),
    "layer_norm_weights": ("layer_norm_weights", {"dw": "f32", "db": "f32", "total_dw": "f32", "total_db": "f32", "M": 1, "N": 1}, {"BM": 8, "BN": 64}, {}),
    "attention": attention("attention", {**HEADS, "out": "f16", "lse": "f32"}, {"D": 64, "BM": 64, "BN": 32, "CAUSAL": False}, stages=2, archs=(80,)),
    "attention_causal": attention("attention", {**HEADS, "out": "f16", "lse": "f32"}, {"D": 64, "BM": 64, "BN": 32, "CAUSAL": True}, stages=2, archs=(80, 120)),
    "attention_delta": ("attention_delta", {"out": "f16", "dout": "f16", "delta": "f32", "S": 16}, {"D": 64, "BM": 64}, {}),
    "attention_backward": attention("attention_backward", BACKWARD, {"D": 64, "BM": 32, "BN": 32, "CAUSAL": True}, stages=2),
    "scans": ("scans", dict.fromkeys(("x", "gate", "sums", "products", "states"), "f32"), {"ROWS": 8, "N": 64}, {}),
    "sorts": ("sorts", {"x": "f32", "up": "f32", "down": "f16", "largest": "f32", "where": "i32"}, {"N": 256}, {}),
    "gathers": ("gathers", {"x": "f32", "index": "i32", "y": "f32", "counts": "i32"}, {"N": 256, "BINS": 16}, {}),
    "atomics": ("atomics", {"x": "f32", "i": "i32", "f": "f32", "h": "f16", "n": 1}, {"BLOCK": 128}, {"archs": (80, 90)}),
    "split_k_exact": split_k("f32", "ieee", (32, 32, 16)),
    "split_k_tf32x3": split_k("f32", "tf32x3", (32, 32, 16)),
    "split_k_fp8": split_k("fp8", "tf32", (32, 32, 32), archs=(89,)),
    "matmul_int4": ("matmul_int4", {"a": "f16", "packed": "i8", "scales": "f32", "c": "f32", "N": 16, "K": 16}, {"BM": 16, "BN": 32, "BK": 64}, {}),
    "batched": ("batched", {"a": "f16", "b": "f16", "c": "f32"}, {"M": 32, "N": 16, "K": 32, "B": 4}, {}),
    "cross_entropy": ("cross_entropy", {"logits": "bf16", "labels": "i32", "loss": "f32", "gradient": "bf16", "stride": 1, "N": 1}, {"BLOCK": 256},
                      {"archs": (80, 90)}),
    "functions": ("functions", {"x": "f32", "y": "f32", "out": "f32", "n": 1}, {"BLOCK": 128}, {}),
    "convolution": ("convolution", {"x": "bf16", "w": "bf16", "y": "f32", "H": 1, "W": 1}, {"C": 32, "F": 16, "BLOCK": 64}, {}),
    "matmul_descriptors": ("matmul_descriptors", {"a": "f16", "b": "f16", "c": "f16", "M": 16, "N": 16, "K": 16}, {"BM": 64, "BN": 64, "BK": 64}, {"archs": (90,)}),
    "scale_tiles": ("scale_tiles", {"x": "tensordesc<fp32[16,32]>", "y": "tensordesc<fp32[16,32]>"}, {"BM": 16, "BN": 32}, {"archs": (90,)}),
    "serial_k": ("serial_k", {"a": "f16", "b": "f16", "c": "f32", "turns": "i32", "N": 16, "K": 16}, {"BM": 32, "BN": 32, "BK": 32, "SPLIT": 3},
                 {"archs": (80, 90)}),
    "stream_k": ("stream_k", {"a": "f16", "b": "f16", "c": "f32", "ready": "i32", "parts": "f32", "N": 16, "K": 16, "total": 1, "each": 1},
                 {"BM": 32, "BN": 32, "BK": 32}, {}),
    "moments": ("moments", {"x": "f32", "mean": "f32", "variance": "f32", "N": 1}, {"BLOCK": 256, "ROWS": 2}, {"warps": 8}),
    "decode": ("decode", {"q": "f16", "k": "f16", "v": "f16", "parts": "f32", "sums": "f32", "arrived": "i32", "out": "f32", "scale": 0.0, "S": 1},
               {"D": 64, "BN": 32, "SPLIT": 4}, {"archs": (90,)}),
    "windowed": ("windowed", {**HEADS, "out": "f16", "scale": 0.0, "S": 1}, {"D": 32, "BM": 32, "BN": 32, "WINDOW": 40, "SHARE": 2},
                 {"archs": (90,), "stages": 2}),
    "attention_atomic": ("attention_atomic", {**dict.fromkeys(("q", "k", "v", "dout"), "f16"), **dict.fromkeys(("dq", "dk", "dv", "lse", "delta"), "f32"),
                                              "scale": 0.0, "S": 16}, {"D": 64, "BM": 32, "BN": 32}, {"archs": (90,), "warps": 8, "stages": 2}),
    "grouped": ("grouped", {"a": "f16", "b": "f16", "c": "f16", "offsets": "i32", "N": 16, "K": 16}, {"GROUPS": 3, "BM": 32, "BN": 32, "BK": 32},
                {"archs": (90,)}),
    "scaled": ("scaled", {"a": "u8", "scales_a": "u8", "b": "u8", "scales_b": "u8", "c": "f32"}, {"N": 64, "K": 128, "BM": 32, "BN": 32, "BK": 64},
               {"archs": (90,)}),
    "largest": ("largest", {"x": "f32", "values": "f32", "where": "i32"}, {"N": 128, "K": 8}, {}),
    "rendezvous": ("rendezvous", {"x": "f32", "y": "f32", "arrived": "i32"}, {"BLOCK": 256}, {"archs": (80, 90)}),
    "embedding_gradient": ("embedding_gradient", {"ids": "i32", "dy": "bf16", "dw": "bf16", "n": 1}, {"D": 32, "BLOCK": 32}, {"archs": (90,)}),
    "collatz": ("collatz", {"x": "i32", "steps": "i32", "n": 1}, {"BLOCK": 128}, {}),
    "written_in_ptx": ("written_in_ptx", {"x": "i32", "reversed": "i32", "nibbles": "i8"}, {"BLOCK": 256}, {}),
    "prints": ("prints", {"x": "f32"}, {"BLOCK": 32}, {"warps": 1}),
}


def build(name, kernels):
    kernel, arguments, constants, options = VARIANTS[name]
    function = kernels[kernel]
    signature, divisible = {}, {}
    for i, (argument, kind) in enumerate(arguments.items()):
        described = isinstance(kind, str) and kind.startswith("tensordesc")
        signature[argument] = kind if described else POINTER[kind] if isinstance(kind, str) else "fp32" if isinstance(kind, float) else "i32"
        if (isinstance(kind, str) and not described) or kind == 16:
            divisible[(i,)] = [["tt.divisibility", 16]]
    types_ = {"float16": triton.language.float16, "float32": triton.language.float32, "int32": triton.language.int32, "bfloat16": triton.language.bfloat16}
    values = {(function.arg_names.index(k),): types_.get(v, v) if isinstance(v, str) else v for k, v in constants.items()}
    signature |= dict.fromkeys(constants, "constexpr")
    launch = {}
    for arch in options.get("archs", (80,)):
        built = triton.compile(ASTSource(function, signature, values, divisible), target=GPUTarget("cuda", arch, 32),
                               options={"num_warps": options.get("warps", 4), "num_stages": options.get("stages", 3), "enable_fp_fusion": True})
        text = "\n".join(line.rstrip() for line in built.asm["ptx"].splitlines()) + "\n"
        text = re.sub(r'(\.file\s+\d+ )".*/(triton/language/\w+\.py)"', r'\1"\2"', text)  # Triton's own functions, inlined
        size = packed.write(f"triton_{name}.sm_{arch}", text)
        entry = re.search(r"\.entry (\w+)\(([^)]*)\)", text)
        given = len(arguments) + 4 * sum(k.startswith("tensordesc") for k in arguments.values() if isinstance(k, str))  # two sizes and strides
        launch[f"sm_{arch}"] = {"entry": entry[1], "threads": 32 * built.metadata.num_warps, "shared": built.metadata.shared,
                                "null_pointers": entry[2].count(".param") - given}
        print(f"triton_{name}.sm_{arch}: {len(text)} bytes, packed {size}, {built.metadata.shared} bytes of shared memory, {entry[2].count('.param')} parameters")
    return launch


if __name__ == "__main__":
    kernels = load_kernels()
    table = HERE / "triton" / "launches.json"
    launches = json.loads(table.read_text()) if table.exists() else {}
    for name in VARIANTS:
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            launches[name] = build(name, kernels)
    table.write_text(json.dumps({name: launches[name] for name in VARIANTS if name in launches}, indent=1) + "\n")
