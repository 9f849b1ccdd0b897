"""pytest's configuration for all Python tests, and the table of operators that the conformance tests make.

    pytest -n 2 test                        everything
    pytest test/numerics -k conv            some of it
    pytest -n 2 test/conformance --write-operators   make docs/operators.md anew
"""
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from conformance import table  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--write-operators", action="store_true", help="write docs/operators.md from the conformance tests' results")


results = {}  # of the conformance tests: {test: (operator, outcome)}


def pytest_runtest_logreport(report):
    properties = dict(report.user_properties)
    if report.when == "call" and "operator" in properties:
        results[report.nodeid] = (properties["operator"], properties.get("outcome", "failed"))


def pytest_sessionfinish(session):
    # Only the process that hands out the tests sees all results, and only a run of all cases makes the table.
    if hasattr(session.config, "workerinput") or not table.complete(results):
        return
    if session.config.getoption("--write-operators") or not table.PAGE.exists():
        table.write(results.values())
    elif not table.current(results.values()):
        print("\nnote: docs/operators.md is out of date: run pytest -n 2 test/conformance --write-operators", file=sys.stderr)
