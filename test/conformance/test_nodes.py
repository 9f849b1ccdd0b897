"""Every node test of the ONNX package: compiled, run, and compared with the expected outputs by the case's own tolerance.

Cases in unsupported.txt must be refused with a proper message; one that starts to pass must be taken off the list.
"""
import pathlib

import numpy as np
import pytest

import support
from conformance import cases

# The expected values round to 16 bits after each operator, fused kernels only at their ends: two units in the last place.
HALF = {"float16": 2**-9, "bfloat16": 2**-6}
LIST = pathlib.Path(__file__).parent / "unsupported.txt"


def unsupported():
    """{case or operator: reason}"""
    listed = {}
    for line in LIST.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.partition(" ")
            listed[name] = reason.strip()
    return listed


UNSUPPORTED = unsupported()


def run_case(case, model, folder):
    artifact = support.girih.load(support.compile_model(model, folder))
    inputs = {i.name for i in artifact.inputs}
    for data_set in case.data_sets:
        given, want = cases.feeds(case, data_set)
        got = artifact.run({k: np.asarray(v) for k, v in given.items() if k in inputs})
        assert list(got) == list(want)
        for name, w in want.items():
            w = np.asarray(w)
            assert got[name].dtype == w.dtype, f"{name}: type {got[name].dtype}, expected {w.dtype}"
            assert got[name].shape == w.shape, f"{name}: shape {got[name].shape}, expected {w.shape}"
            if w.dtype.kind in "biu":
                np.testing.assert_array_equal(got[name], w, err_msg=name)
            else:
                rtol = max(case.rtol, HALF.get(w.dtype.name, 0))
                np.testing.assert_allclose(got[name].astype(np.float64), w.astype(np.float64), rtol, case.atol, err_msg=name)


@pytest.mark.parametrize("name", sorted(cases.collect()))
def test_node(name, tmp_path, record_property):
    operator, case = cases.collect()[name]
    record_property("operator", operator)
    reason = UNSUPPORTED.get(name) or UNSUPPORTED.get(operator)
    try:
        try:
            run_case(case, case.model, tmp_path)
            outcome = "passed"
        except (support.Refused, support.girih.Error):
            # Refused when compiling, or (a Reshape's -1 that comes at run time) when running.
            model = cases.with_constant_shapes(case)
            if model is None:
                raise
            run_case(case, model, tmp_path)
            outcome = "constant"
    except support.Refused as refusal:
        if reason is None:
            pytest.fail(str(refusal), pytrace=False)
        record_property("outcome", "refused")
        pytest.xfail(reason)
    assert reason is None, f"passes now: take it off {LIST.name}"
    record_property("outcome", outcome)
