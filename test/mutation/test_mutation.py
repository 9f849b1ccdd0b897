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


def run(folder, model, stage, first, count):
    """The number of damaged models that compiled."""
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is missing; run tools/check.sh, or ninja -C build girih-mutate")
    command = [str(a) for a in (PROGRAM, folder / model, stage, first, count)]
    # The compiler's stderr is judged by the program, so a sanitizer reports to a file.
    options = {k: f"{v}:log_path={folder / 'sanitizer'}" for k, v in OPTIONS.items()}
    r = subprocess.run(command, capture_output=True, text=True, errors="replace", env={**os.environ, **options}, timeout=600)
    if r.returncode:
        seed = [line for line in r.stdout.splitlines() if line.isdigit()][-1:]
        reports = r.stderr + "".join(p.read_text()[:3000] for p in folder.glob("sanitizer.*"))
        pytest.fail(f"seed {seed} of {' '.join(command)} ended with {r.returncode}:\n{reports}", pytrace=False)
    return int(r.stdout.splitlines()[-1].split()[0])


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("model", ["net.json", "net.onnx", "transformer.onnx"])
def test_damaged_models(model, part, files):
    stage = ("linalg", "linalg", "linalg", "buffers")[part]
    compiled = run(files, model, stage, part * COUNT, COUNT)
    assert compiled > COUNT // 50, "nearly all damaged models were refused: what comes after import was not tested"


def test_damaged_models_to_the_end(files):
    """A few dozen all the way to an artifact."""
    run(files, "net.json", "all", 100000, 40)
