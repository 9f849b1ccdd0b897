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


def with_launch(tmp_path, *flags, name="tiles.transpose", **changes):
    """Runs a case whose launch is changed: a key of the launch, or of its last parameter with `parameter`; None takes it away."""
    case = cases.CASES[name]
    launch, data = cases.write(case, tmp_path)
    description = json.loads(launch.read_text())
    for where, what in ((description, {k: v for k, v in changes.items() if k not in ("parameter", "buffer")}),
                        (description["params"][-1], changes.get("parameter", {})), (description["params"][0], changes.get("buffer", {}))):
        where.update(what)
        for key in [k for k, v in what.items() if v is None]:
            del where[key]
    launch.write_text(json.dumps(description))
    return simulate(case.ptx, launch, data, *flags)


@pytest.mark.parametrize("changes, message", [
    ({"parameter": {"value": None}}, """needs "value\""""),
    ({"parameter": {"value": "abc"}}, """"value" is "abc", it must be an integer from -2147483648 to 2147483647"""),
    ({"parameter": {"value": 1.5}}, "it must be an integer"),
    ({"parameter": {"value": True}}, "it must be an integer"),
    ({"parameter": {"value": 1000000000000}}, "it must be an integer"),
    ({"parameter": {"kind": "u32", "value": -1}}, "it must be an integer from 0 to 4294967295"),
    ({"parameter": {"kind": "i8", "value": 128}}, "it must be an integer from -128 to 127"),
    ({"parameter": {"kind": "f32", "value": "1.0"}}, "it must be a number"),
    ({"parameter": {"kind": "f32", "value": 1e60}}, "within the range of f32"),
    ({"parameter": {"kind": "i128"}}, "kind 'i128' is unknown"),
    ({"parameter": {"values": 3}}, """unknown key "values\""""),
    ({"buffer": {"value": 3}}, """unknown key "value\""""),
    ({"buffer": {"bytes": 4}}, """"bytes" is 4, the array 'buf::"""),
    ({"buffer": {"bytes": -4}}, """"bytes" is -4, it must be an integer"""),
    ({"Block": [32]}, """unknown key "Block\""""),
    ({"block": [-32]}, "'block' must hold numbers from 1"),
    ({"dynamic_shared_bytes": -1}, """"dynamic_shared_bytes" is -1, it must be an integer from 0"""),
    ({"dynamic_shared_bytes": "many"}, """"dynamic_shared_bytes" is "many\""""),
    ({"extra_null_pointers": 65}, """"extra_null_pointers" is 65"""),
    ({"cooperative": "yes"}, """"cooperative" must be true or false"""),
    ({"tolerance_relative_to_max": -1}, """"tolerance_relative_to_max" must be a number from 0"""),
])
def test_launches_are_checked(changes, message, tmp_path):
    """What is missing, malformed, out of range or unknown in a launch file is an error, with the name of the parameter."""
    r = with_launch(tmp_path, **changes)
    assert r.returncode == 1 and message in r.stderr and not r.stdout, r.stdout + r.stderr
    names = {"parameter": "parameter 'columns'", "buffer": "'x'"}
    assert all(name in r.stderr for key, name in names.items() if key in changes), r.stderr


def test_a_refused_launch_has_no_counters(tmp_path):
    r = with_launch(tmp_path, "--counters", dynamic_shared_bytes=1 << 20)
    assert r.returncode == 1 and "a block has at most" in r.stderr and not r.stdout
    r = with_launch(tmp_path, "--json", "--gpu", "a100", dynamic_shared_bytes=1 << 20)
    assert set(json.loads(r.stdout)) == {"entry", "ok", "reports"}


def test_results_are_as_long_as_their_buffer(tmp_path):
    case = cases.CASES["tiles.transpose"]
    launch, data = cases.write(case, tmp_path)
    arrays = dict(np.load(data))
    name = next(n for n in arrays if n.startswith("out::"))
    np.savez(data, **{**arrays, name: arrays[name].ravel()[:-1]})
    r = simulate(case.ptx, launch, data)
    assert r.returncode == 1 and "has fewer bytes than the buffer" in r.stderr, r.stdout + r.stderr


def test_another_gpu_than_the_target(tmp_path):
    assert "GeForce RTX 5090 is sm_120, the PTX is for sm_80" in with_launch(tmp_path, "--gpu", "rtx5090").stderr
    assert not with_launch(tmp_path, "--gpu", "a100").stderr


@pytest.mark.parametrize("order", ["reverse", "random:1", "random:2"])
@pytest.mark.parametrize("name", ["scan.scan_doubling", "locks.grid_barrier", "reduce.sum_last_block", "triton_stream_k.stream_k", "groups.grid_split"])
def test_orders_of_blocks(name, order, tmp_path):
    """Correct programs are correct in whatever order their blocks begin."""
    case = cases.CASES[name]
    r = simulate(case.ptx, *cases.write(case, tmp_path), f"--block-order={order}")
    assert r.returncode == 0 and not r.stderr, r.stdout + r.stderr


def test_unknown_orders_of_blocks(tmp_path):
    for order in ("--block-order=sideways", "--block-order=random:", "--block-order=random:one"):
        r = with_launch(tmp_path, order)
        assert r.returncode == 2 and "it may be reverse or random:SEED" in r.stderr
