"""The launches of the programs in ../ptx: what goes in, and what numpy says comes out.

A case is a function that makes the parameters of one launch from a seeded generator; `write` turns it into the NAME.json and NAME.npz that girih-ptxsim reads
(../../../README-programs.md says what is in them). Nothing here has ever been measured on a simulator: every expectation is computed on its own.
"""
import dataclasses
import json
import pathlib
import sys
import zlib

import numpy as np

PROGRAMS = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROGRAMS))
import packed  # noqa: E402

CASES = {}


@dataclasses.dataclass
class Buffer:
    """Device memory: `initial` goes in (an array, or a number of bytes that stay uninitialised); `expected` is what is there afterwards, None if no matter."""
    name: str
    initial: np.ndarray | int
    expected: np.ndarray | None = None
    tolerance: np.ndarray | None = None  # absolute, by element; otherwise that of the case
    bfloat16: bool = False  # which numpy lacks: the arrays are uint16


@dataclasses.dataclass
class Scalar:
    kind: str  # i8 to i64, u8 to u64, f32, f64
    name: str
    value: float


@dataclasses.dataclass
class Struct:
    """Passed by value: fields are (offset, Buffer or Scalar)."""
    name: str
    size: int
    fields: list


@dataclasses.dataclass
class TensorMap:
    """Over the array of `buffer`, a parameter or not; sizes and strides are the array's unless they are given, the contiguous dimension first."""
    name: str
    buffer: Buffer
    dtype: str  # f16, f32, i32, ...
    box: tuple
    swizzle: int = 0
    fill: str = "zero"
    element_strides: tuple | None = None

    def describe(self):
        array = self.buffer.initial
        made = {"name": self.name, "kind": "tensormap", "buffer": self.buffer.name, "dtype": self.dtype, "sizes": array.shape[::-1],
                "strides": array.strides[-2::-1], "box": self.box, "swizzle": self.swizzle, "fill": self.fill}
        return made | ({"element_strides": self.element_strides} if self.element_strides else {})


@dataclasses.dataclass
class Case:
    name: str
    program: str | pathlib.Path  # of packed.py, or a file
    entry: str
    make: callable
    grid: tuple
    block: tuple
    cluster: tuple | None = None
    shared: int = 0
    cooperative: bool = False
    tolerance: float = 0
    null_pointers: int = 0
    prints: tuple = ()  # lines of printf
    ends: str | None = None  # a word on stderr: the launch is to end with an error
    heavy: bool = False  # for benchmarks; expectations are not computed

    @property
    def ptx(self):
        return packed.path(self.program) if isinstance(self.program, str) else self.program


def triple(v):
    return (*v, 1, 1)[:3] if isinstance(v, tuple) else (v, 1, 1)


def case(program, grid=1, block=32, entry=None, name=None, archs=(80,), **rest):
    """Registers a function as the launch of `program` on each architecture it is built for."""
    def register(make):
        for arch in archs:
            kernel = entry or make.__name__
            key = f"{program}.{name or kernel}" + (f".sm_{arch}" if arch != archs[0] else "")
            assert key not in CASES, key
            CASES[key] = Case(key, f"{program}.sm_{arch}", kernel, make, triple(grid), triple(block), **rest)
        return make
    return register


def describe(parameter):
    if isinstance(parameter, Scalar):
        value = float(parameter.value) if parameter.kind.startswith("f") else int(parameter.value)
        return {"name": parameter.name, "kind": parameter.kind, "value": value}
    if isinstance(parameter, Struct):
        fields = [{"offset": offset, **describe(field)} for offset, field in parameter.fields]
        return {"name": parameter.name, "kind": "struct", "bytes": parameter.size, "fields": fields}
    if isinstance(parameter, TensorMap):
        return parameter.describe()
    if isinstance(parameter.initial, int):
        return {"name": parameter.name, "kind": "buffer", "bytes": parameter.initial}
    return {"name": parameter.name, "kind": "buffer", "dtype": "bfloat16" if parameter.bfloat16 else parameter.initial.dtype.name}


def arrays(parameters):
    """What goes into the archive; bfloat16 as two bytes without a meaning, which is how ml_dtypes saves it."""
    result = {}
    for p in parameters:
        if isinstance(p, Struct):
            result |= arrays([field for _, field in p.fields])
        elif isinstance(p, TensorMap):
            result |= arrays([p.buffer])
        elif isinstance(p, Buffer):
            stored = np.dtype("V2") if p.bfloat16 else None
            if not isinstance(p.initial, int):
                result[f"buf::{p.name}"] = np.ascontiguousarray(p.initial).view(stored or p.initial.dtype)
            if p.expected is not None:
                assert isinstance(p.initial, int) or p.expected.dtype == p.initial.dtype, f"{p.name}: {p.expected.dtype}, starts as {p.initial.dtype}"
                result[f"out::{p.name}"] = np.ascontiguousarray(p.expected).view(stored or p.expected.dtype)
            if p.tolerance is not None:
                result[f"tol::{p.name}"] = np.ascontiguousarray(np.broadcast_to(p.tolerance, p.expected.shape), np.float64)
    return result


def parameters(which):
    """Those of one launch; the same ones each time."""
    return which.make(np.random.default_rng(zlib.crc32(which.name.split(".sm_")[0].encode())))


def describe_launch(which, made=None, values=True):
    """What girih-ptxsim reads; without values, buffers are only so many bytes, and no archive is needed."""
    made = made or parameters(which)
    if not values:
        made = [dataclasses.replace(p, initial=p.initial if isinstance(p.initial, int) else p.initial.nbytes) if isinstance(p, Buffer) else p for p in made]
    description = {"entry": which.entry, "grid": which.grid, "block": which.block, "dynamic_shared_bytes": which.shared,
                   "params": [describe(p) for p in made], "extra_null_pointers": which.null_pointers,
                   "tolerance_relative_to_max": which.tolerance}
    if which.cooperative:
        description["cooperative"] = True
    if which.cluster:
        description["cluster"] = which.cluster
    return description


def write(which, folder):
    """NAME.json and NAME.npz of a case in `folder`; returns their paths."""
    launch, data = pathlib.Path(folder) / f"{which.name}.json", pathlib.Path(folder) / f"{which.name}.npz"
    made = parameters(which)
    launch.write_text(json.dumps(describe_launch(which, made), indent=1))
    np.savez(data, **arrays(made))
    return launch, data


def i32(name, value):
    return Scalar("i32", name, value)


def f32(name, value):
    return Scalar("f32", name, value)


from . import arithmetic, control, integer, library, matrix, operations, parallel, tensor, triton, workloads  # noqa: E402, F401  they register themselves
