"""What every file has to keep to: who may include whom, lengths, no notes to self, no paths of a machine, clang-format."""
import functools
import re
import shutil
import subprocess

import pytest

from support import SOURCE
from tablegen import passes

CODE = (".h", ".c", ".cpp", ".td")
TEXT = (*CODE, ".py", ".sh", ".md", ".mlir", ".txt", ".cmake", ".in", ".json", ".test")
MAX_LINES = 600

# What a file of a folder may include besides its own folder: prefixes.
STANDARD_C = {"stdint.h", "stddef.h", "string.h", "stdlib.h", "stdio.h", "stdarg.h", "stdbool.h", "stdatomic.h", "limits.h", "math.h", "errno.h",
              "inttypes.h", "time.h", "assert.h"}
LLVM = ("mlir/", "llvm/", "llvm-c/")
MAY_INCLUDE = {
    "dialects": (*LLVM, "dialects/"),
    "passes": (*LLVM, "dialects/", "passes/", "runtime/abi.h", "runtime/arena.h"),
    # Which targets there are is known to backends/Target.cpp only; everyone else sees the interface, and what it shares.
    "backends": (*LLVM, "backends/"),
    "backends/Host": (*LLVM, "dialects/", "passes/", "runtime/abi.h"),
    "backends/CPU": (*LLVM, "dialects/", "passes/", "backends/Host/", "backends/Target.h"),
    "backends/CUDA": (*LLVM, "dialects/", "passes/", "backends/Host/", "backends/Target.h"),
    "compiler": (*LLVM, "lld/", "dialects/", "passes/", "backends/Host/", "backends/Target.h", "compiler/", "runtime/abi.h", "sys/", "dlfcn.h"),
    "tools": (*LLVM, "dialects/", "compiler/", "tools/", "runtime/girih.h", "dlfcn.h", "unistd.h"),
    # The PTX simulator is a tool of its own: nothing of the compiler, nothing of MLIR.
    "tools/ptxsim": ("tools/ptxsim/", "sys/", "immintrin.h", "fcntl.h", "spawn.h", "dlfcn.h", "unistd.h"),
    "runtime": ("runtime/", "sys/", "pthread.h", "dlfcn.h", "unistd.h", "fcntl.h", "sched.h", "cpuid.h", "immintrin.h", "linux/", "elf.h", "link.h",
                "sched.h", "semaphore.h", "signal.h", "poll.h"),
}
# The arena is planned by one function, at compile time or for a new shape at run time. girih-opt registers the passes of every room.
ALSO = {"passes/Buffers/PlanArena.cpp": ("runtime/abi.h", "runtime/arena.h"),
        "tools/girih-opt/girih-opt.cpp": ("passes/", "backends/Target.h")}
# Third parties that one folder only may see.
ONLY_IN = {"google/protobuf": "compiler/Import/", "onnx": "compiler/Import/", "nlohmann/": ("compiler/Import/", "tools/ptxsim/cli/", "tools/ptxsim/timing/"), "lld/": "compiler/",
           "zlib.h": ("tools/girih/Npy.cpp", "tools/ptxsim/cli/Npz.cpp")}
# Files where a rule does not hold, and why.
EXCEPTIONS = {
    "runtime/examples": "are programs of a user, who has girih.h installed",
    "tools/ptxsim/driver/include": "are a program's headers, which name each other as installed",
    "compiler/Pch.h": "is the precompiled header of every room",
}


@functools.cache
def files():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=SOURCE, capture_output=True, text=True)
    if listed.returncode:  # an unpacked archive
        return [str(p.relative_to(SOURCE)) for p in SOURCE.rglob("*") if p.is_file() and not p.relative_to(SOURCE).parts[0].startswith("build")]
    return [f for f in listed.stdout.splitlines() if (SOURCE / f).is_file()]


@functools.cache
def text(path):
    return (SOURCE / path).read_text(errors="replace")


def with_suffix(*suffixes):
    return [f for f in files() if f.endswith(suffixes) or (f.rsplit("/", 1)[-1] == "CMakeLists.txt" and ".txt" in suffixes)]


def report(problems):
    assert not problems, "\n" + "\n".join(problems)


def test_layering():
    problems = []
    for path in with_suffix(".h", ".c", ".cpp"):
        room = max((r for r in MAY_INCLUDE if path.startswith(f"{r}/")), key=len, default=None)
        if not room or any(path.startswith(e) for e in EXCEPTIONS):
            continue
        for number, line in enumerate(text(path).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            name = match[2]
            if "/" not in name and match[1] == "<" and (not name.endswith(".h") or name in STANDARD_C):
                continue
            where = f"{path}:{number}: includes {name}"
            for third, only in ONLY_IN.items():
                if name.startswith(third) and not path.startswith(only):
                    problems.append(f"{where}; only {only} may see {third}")
            if any(name.startswith(third) for third in ONLY_IN if path.startswith(ONLY_IN[third])):
                continue
            if name.startswith(ALSO.get(path, ())):
                continue
            if not name.startswith(MAY_INCLUDE[room]) and not name.startswith(f"{room}/"):
                problems.append(f"{where}; {room} may include {', '.join(MAY_INCLUDE[room])} and its own files")
    report(problems)


def test_no_notes_to_self():
    marker = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
    report([f"{p}:{n}: {line.strip()[:80]}" for p in with_suffix(*TEXT) if p not in ("test/lint/test_lint.py",) and not p.startswith("models/")
            for n, line in enumerate(text(p).splitlines(), 1) if marker.search(line)])


def test_no_machine_paths():
    path = re.compile(r"(?<![\w.])/(home|root|work|Users|opt/[a-z]+/)[/\w]")
    report([f"{p}:{n}: {line.strip()[:80]}" for p in with_suffix(*TEXT) if p != "test/lint/test_lint.py" for n, line in enumerate(text(p).splitlines(), 1)
            if path.search(line) and "base64" not in line])


def test_lengths():
    report([f"{p}: {len(text(p).splitlines())} lines, at most {MAX_LINES}" for p in with_suffix(*CODE, ".py", ".sh", ".mlir")
            if len(text(p).splitlines()) > MAX_LINES])


def test_no_trailing_white_space():
    report([f"{p}:{n}" for p in with_suffix(*TEXT) for n, line in enumerate(text(p).splitlines(), 1) if line != line.rstrip()])


def test_passes_are_documented():
    """Every pass: an argument girih-verb-noun or convert-a-to-b, a one-line summary, a description, an example unless it says why it has none."""
    problems, defined = [], 0
    for path in with_suffix("Passes.td"):
        defined += len(re.findall(r"^def\s+\w+\s*:\s*\w*Pass<", text(path), re.M))
    assert len(passes()) == defined and defined, f"TableGen finds {len(passes())} passes, the files define {defined}"
    for (path, name), record in passes().items():
        if not re.fullmatch(r"girih(-[a-z0-9]+){2,}|convert-[a-z0-9-]+-to-[a-z0-9-]+", record["argument"]):
            problems.append(f"{path}: {name}: argument '{record['argument']}' is not girih-verb-noun")
        if not record["summary"].strip() or "\n" in record["summary"]:
            problems.append(f"{path}: {name}: the summary is not one line")
        if "```mlir" not in record["description"] and "No example:" not in record["description"]:
            problems.append(f"{path}: {name}: the description has neither an example (test/docs runs it) nor 'No example:' and why")
    report(problems)


def test_headers_are_included_once():
    report([f"{p}: neither #pragma once nor an include guard" for p in with_suffix(".h")
            if "#pragma once" not in text(p) and not re.search(r"#ifndef \w+_H_?\b", text(p))])


def test_formatting():
    tool = shutil.which("clang-format-22")
    if not tool:
        pytest.skip("clang-format-22 is not installed")
    sources = with_suffix(".h", ".c", ".cpp")
    r = subprocess.run([tool, "--dry-run", "--Werror", *sources], cwd=SOURCE, capture_output=True, text=True)
    report(sorted({line.split(": error:")[0].rsplit(":", 2)[0] + ": run clang-format-22 -i on it" for line in r.stderr.splitlines() if ": error:" in line}))


def test_generated_docs_are_current():
    r = subprocess.run([str(SOURCE / "tools" / "docs.sh"), "--check"], capture_output=True, text=True)
    assert r.returncode == 0, r.stderr
