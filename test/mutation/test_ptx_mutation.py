"""Damaged PTX programs: each is refused with a place, runs, or ends in a report; none crashes or hangs the simulator.

Runs in the sanitizer build (build-asan, made by tools/check.sh) where there is one, else in the ordinary one.
"""
import os
import subprocess
import sys

import pytest

import support
from support import SOURCE

ASAN = SOURCE / "build-asan" / "bin" / "ptx-mutate"
PROGRAM = ASAN if ASAN.exists() else support.BUILD / "bin" / "ptx-mutate"
sys.path.insert(0, str(SOURCE / "tools" / "ptxsim" / "test" / "programs"))
import packed  # noqa: E402

OPTIONS = {"ASAN_OPTIONS": "detect_leaks=0:max_allocation_size_mb=4000", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
COUNT = int(os.environ.get("GIRIH_PTX_MUTATIONS", "200"))


@pytest.mark.parametrize("name", ["integer.sm_80", "half.sm_90", "warp.sm_80", "wmma.sm_80", "mma.sm_90", "memory.sm_80", "triton_softmax.sm_90",
                                  "triton_matmul_f16.sm_80", "control.sm_80_debug", "tensor.sm_90a", "triton_scaled.sm_90"])
def test_damaged_programs(name):
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is missing; run tools/check.sh, or ninja -C build ptx-mutate")
    command = [str(PROGRAM), str(packed.path(name)), "1", str(COUNT)]
    r = subprocess.run(command, capture_output=True, text=True, errors="replace", env={**os.environ, **OPTIONS}, timeout=600)
    if r.returncode:
        seed = [line for line in r.stdout.splitlines() if line.isdigit()][-1:]
        pytest.fail(f"seed {seed} of {' '.join(command)} ended with {r.returncode}:\n{r.stderr[:3000]}", pytrace=False)
    assert int(r.stdout.splitlines()[-1].split()[0]) > COUNT // 50, "nearly all damaged programs were refused: their execution was not tested"
