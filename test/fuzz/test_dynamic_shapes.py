"""The fuzzer of dynamic shapes, a little of it: fixed seeds, each operator's generator at least once."""
import pytest
import sanitizer
from dynamic_shapes import GENERATORS, PER_MODEL, fuzz, parse, summary
from support import TARGET

COUNT = 60  # models
PARTS = 4  # tests, so that they run side by side


@pytest.mark.skipif(not TARGET and not sanitizer.library(), reason="no clang-22 with the AddressSanitizer's shared library")
@pytest.mark.parametrize("part", range(PARTS))
def test_dynamic_shapes(part):
    options = parse(["--keep-going", "--jobs", "1", "--seed", str(part + 2), "--count", str(COUNT // PARTS * PER_MODEL)])
    total, counts, failures = fuzz(options)
    assert not failures, "\n" + summary(failures)
    # A fuzzer that makes nothing valid, or nothing invalid, finds nothing.
    assert total > COUNT // PARTS * PER_MODEL / 2 and counts["valid"] > total / 4 and counts["invalid"] > total / 20
