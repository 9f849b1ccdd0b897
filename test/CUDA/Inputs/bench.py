"""What `girih bench --profile --json` says of mlp.json with 64 rows on the simulator, from standard input."""
import json
import sys

report = json.load(sys.stdin)
kernels = report["profile"]["kernels"]
assert report["launches"] == len(kernels) == 4, report
assert abs(sum(k["us"] for k in kernels) - report["modelled_ms"] * 1e3) < 1e-6
for k in kernels:
    m = k["measurement"]
    assert m["gpu"] == "h100" and abs(m["time"]["microseconds"] - k["us"]) < 1e-6 < k["us"] and m["time"]["limit"], m
    assert m["counters"]["grid_blocks"] == k["tasks"] and m["counters"]["global_load_requests"] > 0, m
