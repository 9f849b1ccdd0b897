"""Thousands of damaged models: each compiles or is refused with a proper message; none crashes, hangs or aborts the compiler.

Runs in the sanitizer build (build-asan, made by tools/check.sh) where there is one, else in the ordinary one.
"""
import os
import subprocess

import pytest

import support
from support import SOURCE

ASAN = SOURCE / "build-asan" / "bin" / "girih-mutate"
PROGRAM = ASAN if ASAN.exists() else support.BUILD / "bin" / "girih-mutate"
MODELS = {"net": SOURCE / "test" / "mutation" / "models" / "net.json", "transformer": SOURCE / "models" / "transformer.json"}
# LLVM is not instrumented, so memory that its allocators and ours share must not be poisoned by hand.
OPTIONS = {"ASAN_OPTIONS": "detect_leaks=0:allow_user_poisoning=0:max_allocation_size_mb=4000:detect_container_overflow=0",
           "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
COUNT = int(os.environ.get("GIRIH_MUTATIONS", "500"))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name, path in MODELS.items():
        support.girih_command("convert", path, folder / f"{name}.onnx")
        (folder / f"{name}.json").write_bytes(path.read_bytes())
    return folder


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("model", ["net.json", "net.onnx", "transformer.onnx"])
def test_damaged_models(model, part, files):
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is missing; run tools/check.sh, or ninja -C build girih-mutate")
    stage = ("linalg", "linalg", "linalg", "buffers")[part]
    command = [PROGRAM, files / model, stage, str(part * COUNT), str(COUNT)]
    r = subprocess.run(command, capture_output=True, text=True, errors="replace", env={**os.environ, **OPTIONS}, timeout=600)
    if r.returncode:
        seed = [line for line in r.stdout.splitlines() if line.isdigit()][-1:]
        pytest.fail(f"seed {seed} of {' '.join(map(str, command))} ended with {r.returncode}:\n{r.stderr[-3000:]}", pytrace=False)
    compiled = int(r.stdout.splitlines()[-1].split()[0])
    assert compiled > COUNT // 50, "nearly all damaged models were refused: what comes after import was not tested"


def test_damaged_models_to_the_end(files):
    """A few dozen all the way to an artifact."""
    r = subprocess.run([PROGRAM, files / "net.json", "all", "100000", "40"], capture_output=True, text=True, errors="replace",
                       env={**os.environ, **OPTIONS}, timeout=600)
    assert r.returncode == 0, r.stdout.splitlines()[-1:] + [r.stderr[-3000:]]
