"""The driver library: a C program against the driver API, and Python clients, run with it as their libcuda."""
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = SOURCE / os.environ.get("GIRIH_BUILD", "build") / "lib" / "libgirih-cudasim.so"
FOLDER = LIBRARY.parent / "cudasim"
HEADERS = SOURCE / "tools" / "ptxsim" / "driver" / "include"
TOOLKIT = pathlib.Path(os.environ.get("CUDA_HOME", "/usr/local/cuda"))
PROGRAM = SOURCE / "test" / "ptxsim" / "driver" / "program.c"
GPUS = ["a100", "h100", "rtx4090", "rtx5090"]
CC = os.environ.get("CC", "cc")

needs_toolkit = pytest.mark.skipif(not (TOOLKIT / "include" / "cuda.h").exists(), reason="the CUDA toolkit is not installed")


def run(command, timeout=120, **environment):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout, env={**os.environ, **environment})


def build(out, *flags, source=PROGRAM):
    r = run([CC, "-std=c99", "-Wall", "-Wextra", "-Werror", source, "-o", out, *flags])
    assert r.returncode == 0, r.stderr
    return out


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return build(tmp_path_factory.mktemp("driver") / "program", f"-I{HEADERS}", f"-L{FOLDER}", "-lcuda")


@pytest.mark.parametrize("gpu", GPUS)
def test_program(program, gpu):
    r = run([program], LD_LIBRARY_PATH=str(FOLDER), GIRIH_PTXSIM_DEVICE=gpu)
    assert (r.returncode, r.stdout) == (0, "passed\n"), r.stdout + r.stderr
    said = r.stderr.splitlines()
    for line in ("the image is a cubin, machine code; the simulator executes PTX",
                 "write of 4 bytes at 0x", "misaligned access", "the program trapped", "scale' has 2 parameters in 12 bytes, the launch gives 8"):
        assert any(line in s for s in said), f"'{line}' is not among:\n{r.stderr}"
    assert sum("cuArrayDestroy is not supported" in s for s in said) == 1


def test_program_with_modelled_time(program):
    r = run([program], LD_LIBRARY_PATH=str(FOLDER), GIRIH_PTXSIM_TIME="model")
    assert r.returncode == 0, r.stdout + r.stderr


@pytest.mark.parametrize("checks, found", [("race,uninit", "race"), ("uninit", "none"), ("", "none")])
def test_checks(program, checks, found):
    r = run([program, found], LD_LIBRARY_PATH=str(FOLDER), GIRIH_PTXSIM_CHECKS=checks)
    assert r.returncode == 0, r.stdout + r.stderr
    assert ("race" in r.stderr and "st.global.u32" in r.stderr) == (found == "race"), r.stderr


@pytest.mark.parametrize("checks, found", [("race,uninit", "unwritten"), ("uninit", "unwritten"), ("race", "written"), ("", "written")])
def test_memory_never_written(program, checks, found):
    """Memory of the device counts as unwritten until a copy, a fill or a kernel writes it."""
    r = run([program, found], LD_LIBRARY_PATH=str(FOLDER), GIRIH_PTXSIM_CHECKS=checks)
    assert r.returncode == 0, r.stdout + r.stderr
    said = "read of 4 bytes of memory never written, at global address 0x" in r.stderr and "ld.global.u32" in r.stderr
    assert said == (found == "unwritten"), r.stderr


def test_the_cuda_runtime_is_named():
    """A program that comes through the CUDA runtime, which asks for the driver's tables, is told so and what to do."""
    r = run([sys.executable, "-c", f"import ctypes; print(ctypes.CDLL('{LIBRARY}').cuGetExportTable(None, None))"])
    assert r.stdout == "801\n" and r.stderr.count("\n") == 1 and "uses the CUDA runtime" in r.stderr and "cuModuleLoadData" in r.stderr, r.stderr


@pytest.mark.parametrize("order, known", [("reverse", True), ("random:7", True), ("random", False)])
def test_orders_of_blocks(program, order, known):
    r = run([program], LD_LIBRARY_PATH=str(FOLDER), GIRIH_PTXSIM_BLOCK_ORDER=order)
    assert (r.returncode, r.stdout) == (0, "passed\n"), r.stdout + r.stderr
    assert ("GIRIH_PTXSIM_BLOCK_ORDER is" in r.stderr) != known


SANITIZED = SOURCE / "build-asan" / "lib" / "cudasim"
# What the sanitizer's runtime needs of a program that loads a library with it.
INSTRUMENTED = {"ASAN_OPTIONS": "detect_leaks=0:max_allocation_size_mb=8000", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}


def build_sanitized(out, source):
    """With the sanitizer build (made by tools/check.sh) where there is one, else with the ordinary one. Gives its library's folder too."""
    sanitized = (SANITIZED / "libcuda.so.1").exists() and shutil.which("clang-22")
    flags = ["-fsanitize=address"] if sanitized else []
    folder = SANITIZED if sanitized else FOLDER
    compiler = "clang-22" if sanitized else CC
    r = run([compiler, "-std=gnu99", "-g", "-Wall", "-Wextra", "-Werror", *flags, source, "-o", out, f"-I{HEADERS}", f"-L{folder}", "-lcuda", "-lpthread"])
    assert r.returncode == 0, r.stderr
    return out, folder


def test_threads(tmp_path):
    program, folder = build_sanitized(tmp_path / "threads", PROGRAM.parent / "threads.c")
    r = run([program], LD_LIBRARY_PATH=str(folder), **INSTRUMENTED)
    assert (r.returncode, r.stdout) == (0, "passed\n"), r.stdout + r.stderr[-3000:]


@pytest.mark.parametrize("checks", ["", "race,uninit"])
def test_services(tmp_path, checks):
    program, folder = build_sanitized(tmp_path / "services", PROGRAM.parent / "services.c")
    r = run([program], LD_LIBRARY_PATH=str(folder), GIRIH_PTXSIM_CHECKS=checks, **INSTRUMENTED)
    assert (r.returncode, r.stdout) == (0, "passed\n"), r.stdout + r.stderr[-3000:]


@pytest.mark.parametrize("devices, visible", [("", False), ("0", True), ("0,1", True), ("1,0", False), ("-1", False), ("GPU-67697269", True), ("GPU-0", False)])
def test_visible_devices(program, devices, visible):
    r = run([program, "none"], LD_LIBRARY_PATH=str(FOLDER), CUDA_VISIBLE_DEVICES=devices)
    assert (r.returncode == 0) == visible, r.stdout + r.stderr
    assert visible or "CUDA_ERROR_NO_DEVICE" in r.stdout


@pytest.mark.parametrize("checks", ["", "race,uninit"])
def test_random_calls(tmp_path, checks):
    """Random calls with wrong handles, sizes and addresses: an error each, and a driver that goes on."""
    program, folder = build_sanitized(tmp_path / "fuzz", PROGRAM.parent / "fuzz.c")
    count = os.environ.get("GIRIH_PTX_MUTATIONS", "20")
    r = run([program, "1", count, "2000"], timeout=600, LD_LIBRARY_PATH=str(folder), GIRIH_PTXSIM_CHECKS=checks, **INSTRUMENTED)
    assert r.returncode == 0, f"after seed {r.stdout.split()[-1:]}:\n" + r.stderr[-3000:]
    assert int(re.search(r"(\d+) calls succeeded", r.stdout).group(1)) > 200 * int(count), "nearly all calls failed: what they do was not tested"


def test_fat_binaries(tmp_path):
    """The PTX in nvcc's fat binaries is found, however it is compressed; damaged ones and those without PTX are refused."""
    program, folder = build_sanitized(tmp_path / "images", PROGRAM.parent / "images.c")
    images = [PROGRAM.parent / "images" / f"{name}.fatbin" for name in ("none", "lz4", "zstd")]
    r = run([program, *images], LD_LIBRARY_PATH=str(folder), **INSTRUMENTED)
    zstd = "209" if "libzstd.so.1 is not installed" in r.stderr else "0"
    assert r.stdout.split() == ["0", "0", zstd], r.stdout + r.stderr
    newer = bytearray(images[0].read_bytes())
    newer[16 + 28] = 121  # the entry's target
    (tmp_path / "newer.fatbin").write_bytes(newer)
    r = run([program, tmp_path / "newer.fatbin"], LD_LIBRARY_PATH=str(folder), **INSTRUMENTED)
    assert r.stdout == "209\n" and "it has PTX for sm_121, and no PTX that sm_90 runs" in r.stderr
    random = np.random.default_rng(1)
    for image in images:
        whole, damaged = image.read_bytes(), []
        for n in range(100):
            data = bytearray(whole[:random.integers(1, len(whole))] if n % 2 else whole)
            for at in random.integers(0, min(len(data), 100) if n % 4 < 2 else len(data), 3):
                data[at] = random.integers(0, 256)
            damaged.append(tmp_path / f"{n}.fatbin")
            damaged[-1].write_bytes(data)
        r = run([program, *damaged], LD_LIBRARY_PATH=str(folder), **INSTRUMENTED)
        assert r.returncode == 0 and len(r.stdout.split()) == 100, r.stdout + r.stderr[-3000:]


def test_unknown_device(program):
    r = run([program], LD_LIBRARY_PATH=str(FOLDER), GIRIH_PTXSIM_DEVICE="gtx285")
    assert r.returncode == 1 and "GIRIH_PTXSIM_DEVICE is 'gtx285'; there are h100 a100 rtx4090 rtx5090" in r.stderr


def test_linked_by_its_own_name(tmp_path):
    out = build(tmp_path / "program", f"-I{HEADERS}", f"-L{LIBRARY.parent}", "-lgirih-cudasim")
    r = run([out], LD_LIBRARY_PATH=str(LIBRARY.parent))
    assert (r.returncode, r.stdout) == (0, "passed\n"), r.stdout + r.stderr


@needs_toolkit
@pytest.mark.parametrize("how", ["folder", "preload"])
def test_program_of_the_toolkit(tmp_path, how):
    """The same source built against the toolkit's header and its stub of libcuda, unchanged."""
    out = build(tmp_path / "program", "-isystem", TOOLKIT / "include", f"-L{TOOLKIT}/lib64/stubs", "-lcuda")
    r = run([out], **({"LD_LIBRARY_PATH": str(FOLDER)} if how == "folder" else {"LD_PRELOAD": str(LIBRARY)}))
    assert (r.returncode, r.stdout) == (0, "passed\n"), r.stdout + r.stderr


@needs_toolkit
def test_header(tmp_path):
    """Every constant of our header has the toolkit's value, every structure its size and the places of its members."""
    text = "".join(p.read_text() for p in sorted(HEADERS.glob("*.h")))
    lines = ["#include <stddef.h>", "#include <cuda.h>", "#define SAME(A, B) _Static_assert((A) == (B), #A)"]
    constants = re.findall(r"\b(CU\w+) = (-?\d+)", text)
    assert len(constants) > 400
    lines += [f"SAME({name}, {value});" for name, value in constants]
    # Sizes and places are asked of a program built with our header.
    structs = re.findall(r"typedef (?:struct|union) (\w+) \{\n(.*?)\n\} (\w+);", text, re.S)
    assert len(structs) > 15
    probe = ["#include <cuda.h>", "#include <stdio.h>", "int main(void) {"]
    for _, body, name in structs:
        probe.append(f'  printf("SAME(sizeof({name}), %zu);\\n", sizeof({name}));')
        flat = re.sub(r"(struct|union) \{.*?\n  \}", "anonymous", body, flags=re.S) if "{" in body else body
        for declaration in flat.split(";"):
            if "anonymous" in declaration:
                continue
            names = re.sub(r"\[.*?\]", "", declaration.strip()).split(",")
            for member in names:
                member = re.search(r"(\w+)$", member.strip())
                # The toolkit calls what is reserved as it likes.
                if member and not member.group(1).startswith("reserved"):
                    m = member.group(1)
                    probe.append(f'  printf("SAME(offsetof({name}, {m}), %zu);\\n", offsetof({name}, {m}));')
    source = tmp_path / "probe.c"
    source.write_text("\n".join(probe + ["  return 0;", "}", ""]))
    lines += run([build(tmp_path / "probe", f"-I{HEADERS}", source=source)]).stdout.splitlines()
    assert sum("offsetof" in line for line in lines) > 80
    check = tmp_path / "check.c"
    check.write_text("\n".join(lines + ["int main(void) { return 0; }", ""]))
    r = run([CC, "-std=c11", "-isystem", TOOLKIT / "include", "-fsyntax-only", check])
    assert r.returncode == 0, r.stderr[:3000]


@needs_toolkit
@pytest.mark.skipif(not shutil.which("nm"), reason="nm is not installed")
def test_exports():
    """What the toolkit's libcuda exports, the driver library does too; a newer toolkit may have more."""
    def names(path):
        return {line.split()[2] for line in run(["nm", "-D", "--defined-only", path]).stdout.splitlines() if len(line.split()) == 3}

    ours, theirs = names(LIBRARY), {n for n in names(TOOLKIT / "lib64" / "stubs" / "libcuda.so") if n.startswith("cu")}
    assert all(n.startswith(("cu", "girih_cudasim_")) for n in ours)
    version = re.search(r"#define CUDA_VERSION (\d+)", (TOOLKIT / "include" / "cuda.h").read_text()).group(1)
    missing = theirs - ours
    assert not missing or int(version) > 13000, f"not exported: {sorted(missing)}"


CLIENTS = pathlib.Path(__file__).parent / "driver"


@pytest.mark.parametrize(
    "client, package, gpu, checks",
    [("client_cuda.py", "cuda.bindings", "h100", ""), ("client_triton.py", "triton", "a100", ""), ("client_triton.py", "triton", "rtx5090", ""),
     ("client_core.py", "cuda.core", "h100", ""), ("client_core.py", "cuda.core", "rtx5090", "race,uninit"), ("client_numba.py", "numba_cuda", "h100", ""),
     ("client_numba.py", "numba_cuda", "a100", "race,uninit"), ("client_tinygrad.py", "tinygrad", "a100", "race,uninit")])
def test_client(client, package, gpu, checks):
    python = os.environ.get("GIRIH_CLIENT_PYTHON", sys.executable)
    if run([python, "-c", f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{package}') is None)"]).returncode:
        pytest.skip(f"{package} is not installed (GIRIH_CLIENT_PYTHON names the Python that has it)")
    libraries = f"{FOLDER}:{TOOLKIT}/lib64"
    r = run([python, CLIENTS / client], LD_LIBRARY_PATH=libraries, TRITON_LIBCUDA_PATH=str(FOLDER), DEV="CUDA", GIRIH_PTXSIM_DEVICE=gpu, GIRIH_PTXSIM_CHECKS=checks, timeout=300)
    assert r.returncode == 0 and r.stdout.endswith("passed\n"), r.stdout + r.stderr
