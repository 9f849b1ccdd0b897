"""docs/operators.md: which ONNX operators compile, counted by the ONNX package's own node tests."""
import collections
import pathlib

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "operators.md"


def complete(results):
    """Whether `results` hold every node test (and not a selection)."""
    if not results:
        return False
    from conformance import cases

    return len(results) == len(cases.collect())


def render(results):
    counts = collections.defaultdict(collections.Counter)
    for operator, outcome in results:
        counts[operator][outcome] += 1
    supported = {o: c for o, c in counts.items() if c["passed"] + c["constant"]}
    refused = sorted(set(counts) - set(supported))
    lines = [
        "# Operators",
        "",
        "Made by `pytest -n 2 test/conformance --write-operators` from the node tests of the ONNX package, each of them compiled and run;",
        "`tools/check.sh` says so if this page is out of date. *as is*: passes with every input given at run time, those that",
        "steer shapes (a Reshape's `shape`) included; *constant shapes*: passes with those as initializers, as exporters write them;",
        "*refused*: ends in an error that says why (`test/conformance/unsupported.txt`).",
        "",
        "| operator | as is | constant shapes | refused | total |",
        "|---|---|---|---|---|",
    ]
    for operator, c in sorted(supported.items()):
        cells = [c["passed"], c["constant"], c["refused"], sum(c.values())]
        lines.append(f"| {operator} | " + " | ".join(str(n or "") for n in cells) + " |")
    passed = sum(c["passed"] + c["constant"] for c in counts.values())
    lines += [
        "",
        f"{len(supported)} operators, {passed} of {sum(sum(c.values()) for c in counts.values())} node tests pass.",
        "",
        "Refused by name: " + ", ".join(refused) + ".",
    ]
    return "\n".join(lines) + "\n"


def write(results):
    PAGE.write_text(render(results))


def current(results):
    return PAGE.exists() and PAGE.read_text() == render(results)
