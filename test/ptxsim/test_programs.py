"""Runs the simulator on programs of other compilers, and compares with what numpy says.

    pytest test/ptxsim -k mma        some of them
"""
import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SIMULATOR = SOURCE / os.environ.get("GIRIH_BUILD", "build") / "bin" / "girih-ptxsim"
sys.path.insert(0, str(SOURCE / "tools" / "ptxsim" / "test" / "programs"))
import cases  # noqa: E402
from cases import faults  # noqa: E402


def simulate(ptx, launch, data, *flags, timeout=120):
    return subprocess.run([SIMULATOR, ptx, "--launch", launch, "--check", data, *flags], capture_output=True, text=True, timeout=timeout, errors="replace")


@pytest.mark.parametrize("name", [c.name for c in cases.CASES.values() if not c.heavy])
def test_program(name, tmp_path):
    case = cases.CASES[name]
    r = simulate(case.ptx, *cases.write(case, tmp_path))
    if case.ends:
        assert r.returncode == 1, r.stdout + r.stderr
        assert case.ends in r.stdout + r.stderr
        return
    assert r.returncode == 0, r.stdout + r.stderr
    assert not r.stderr, "a correct program raises nothing"
    printed = [line for line in r.stdout.splitlines() if line in case.prints]
    assert sorted(printed) == sorted(case.prints)


@pytest.mark.parametrize("name", faults.FAULTS)
def test_fault(name, tmp_path):
    """A fault that was planted is found, and named by its lines."""
    fault = faults.FAULTS[name]
    case, allowed = faults.plant(fault, tmp_path)
    r = simulate(case.ptx, *cases.write(case, tmp_path))
    assert r.returncode == 1, f"not found\n{r.stdout}{r.stderr}"
    lines = faults.named_lines(fault, r.stderr)
    assert lines is not None, f"no report of '{fault['word']}'\n{r.stderr}"
    assert len(lines) >= fault["names"], r.stderr
    assert not allowed or lines <= allowed, f"lines {lines}, expected of {allowed}\n{r.stderr}"


def test_unknown_instructions_are_refused(tmp_path):
    """What is not supported is named with its line when the program is loaded."""
    text = cases.packed.read("tiles.sm_80").splitlines()
    at = next(n for n, line in enumerate(text) if "bar.sync" in line)
    text[at] = "\tistypep.texref %p1, %rd1;"
    ptx = tmp_path / "texture.ptx"
    ptx.write_text("\n".join(text))
    r = subprocess.run([SIMULATOR, ptx], capture_output=True, text=True, timeout=60)
    assert r.returncode == 1
    assert re.match(rf"error: \S*texture\.ptx:{at + 1}:\d+: .*istypep", r.stderr), r.stderr


def test_results_without_a_buffer_are_wrong(tmp_path):
    """What is expected of buffers that the launch does not have, or that are smaller, is not passed over."""
    case = cases.CASES["tiles.transpose"]
    launch, data = cases.write(case, tmp_path)
    arrays = dict(np.load(data))
    name = next(n for n in arrays if n.startswith("out::"))
    for changed, message in (({"out::nothing": arrays[name]}, "nothing: the launch has no buffer of this name"),
                             ({name: np.concatenate([arrays[name].ravel()] * 2)}, "has more bytes than the buffer")):
        np.savez(data, **{**arrays, **changed})
        r = simulate(case.ptx, launch, data)
        assert r.returncode == 1 and message in r.stderr, r.stdout + r.stderr


def test_json_of_a_wrong_result(tmp_path):
    """The output is JSON whatever the results are: NaN has no number there."""
    case = cases.CASES["tiles.transpose"]
    launch, data = cases.write(case, tmp_path)
    arrays = dict(np.load(data))
    name = next(n for n in arrays if n.startswith("out::"))
    arrays[name] = np.full_like(arrays[name], np.nan)
    np.savez(data, **arrays)
    r = simulate(case.ptx, launch, data, "--json")
    out = json.loads(r.stdout)
    assert r.returncode == 1 and not out["ok"] and out["largest_error"] is None
    assert out["buffers"][name[5:]]["wrong_elements"] == arrays[name].size
