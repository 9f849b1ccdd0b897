"""The time model against what others have measured and published: cycles on RTX 5090, FlashGPU-Sim (MICRO 2026); large products of bfloat16 on H100."""
import json
import subprocess

import numpy as np
import pytest

from test_programs import SIMULATOR, cases

# Measured cycles, and the part of the grid that is run: values don't matter for time, so none are given.
PUBLISHED = {
    "triton_add.add_2097152": (29_643, 0),
    "triton_matmul_narrow.matmul_2560.sm_120": (77_191, 0),
    "triton_attention_causal.attention_512.sm_120": (797_247, 128),
}
# TFLOP/s of products of N x N, made like product.cu: tensor copies with multicast, wgmma, clusters of two, blocks that stay.
HOPPER = {4096: 763, 8192: 808}


def model(name, folder, *flags):
    case = cases.CASES[name]
    launch = cases.describe_launch(case, values=False)
    path = folder / "launch.json"
    path.write_text(json.dumps(launch))
    data = [p for p in cases.parameters(case) if isinstance(p, cases.TensorMap)]
    if data:
        np.savez_compressed(folder / "data.npz", **cases.arrays(data))
        flags = *flags, "--check", folder / "data.npz"
    r = subprocess.run([SIMULATOR, case.ptx, "--launch", path, "--json", "--no-uninit", *flags], capture_output=True, text=True, timeout=240)
    assert r.returncode == 0, r.stdout + r.stderr
    return json.loads(r.stdout)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_cycles(name, tmp_path):
    measured, sample = PUBLISHED[name]
    out = model(name, tmp_path, "--gpu", "rtx5090", *(["--sample-blocks", str(sample)] if sample else []))
    # Without ptxas the registers are estimated, and with them how many blocks an SM holds.
    bar = 0.15 if out["occupancy"]["registers_from"] == "ptxas" else 0.3
    assert abs(out["time"]["cycles"] / measured - 1) < bar, f"modelled {out['time']['cycles']:.0f} cycles, measured {measured}"


@pytest.mark.parametrize("n", HOPPER)
def test_published_products(n, tmp_path):
    out = model(f"product.product_{n}", tmp_path, "--gpu", "h100", "--sample-blocks", "32")
    assert out["occupancy"]["blocks_per_sm"] == 1
    modelled = 2 * n**3 / out["time"]["microseconds"] / 1e6
    assert abs(modelled / HOPPER[n] - 1) < 0.2, f"modelled {modelled:.0f} TFLOP/s, measured {HOPPER[n]}"


def test_counters_of_a_product(tmp_path):
    out = model("triton_matmul_narrow.matmul.sm_120", tmp_path, "--counters")
    counters = out["counters"]
    assert counters["mma_multiply_adds"] == 128 * 64 * 320
    assert counters["unique_bytes_read"] == 2 * (128 * 320 + 320 * 64)
    assert counters["unique_bytes_written"] == 2 * 128 * 64
    assert counters["shared_wavefronts"] == counters["shared_wavefronts_ideal"], "Triton swizzles its tiles"


@pytest.mark.parametrize("flags, message", [(("--gpu", "rtx9999"), "known are a100, h100, rtx4090, rtx5090"), (("--sample-blocks", "4"), "needs --counters or --gpu")])
def test_wrong_usage(flags, message):
    r = subprocess.run([SIMULATOR, "x.ptx", "--launch", "x.json", *flags], capture_output=True, text=True, timeout=20)
    assert r.returncode == 2 and message in r.stderr
