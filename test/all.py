#!/usr/bin/env python3
"""Runs every test and ends with one line: N passed, N failed, N skipped.

GoogleTest binaries (build/bin/*Test, and those of the sanitizer build), lit (test/**/*.mlir and *.test), then pytest (numerics, conformance, models, mutation, lint).
tools/check.sh builds first and calls this.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

SOURCE = pathlib.Path(__file__).resolve().parents[1]
BUILD = SOURCE / os.environ.get("GIRIH_BUILD", "build")
BIN = pathlib.Path(sys.executable).parent


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, suite, passed, failed, skipped, seconds):
        self.passed, self.failed, self.skipped = self.passed + passed, self.failed + failed, self.skipped + skipped
        print(f"   {suite}: {passed} passed, {failed} failed, {skipped} skipped in {seconds:.0f} s", flush=True)


def say(text):
    print(f"\n== {text}", flush=True)


def unit_tests(counts, folder):
    sanitized = SOURCE / "build-asan"
    for binary in [*sorted((BUILD / "bin").glob("*Test")), *sorted((sanitized / "bin").glob("*Test"))]:
        say(str(binary.relative_to(SOURCE)))
        start, out = time.time(), folder / f"{binary.name}.json"
        out.unlink(missing_ok=True)
        code = subprocess.run([binary, "--gtest_brief=1", f"--gtest_output=json:{out}"], cwd=SOURCE,
                              env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}).returncode
        try:
            report = json.loads(out.read_text())
        except (OSError, ValueError):  # it died before it could write
            counts.add(binary.name, 0, 1, 0, time.time() - start)
            continue
        cases = [case for suite in report["testsuites"] for case in suite["testsuite"]]
        skipped = sum(c["result"] == "SKIPPED" or c["status"] == "NOTRUN" for c in cases)
        failed = max(report["failures"], int(code != 0))
        counts.add(binary.name, len(cases) - failed - skipped, failed, skipped, time.time() - start)


def lit_tests(counts, folder, jobs):
    say("lit")
    start, out = time.time(), folder / "lit.json"
    environment = {**os.environ, "GIRIH_PYTHON": sys.executable}
    subprocess.run([BIN / "lit", "-sv", f"-j{jobs}", "-o", out, SOURCE / "test"], env=environment)
    try:
        codes = [t["code"] for t in json.loads(out.read_text())["tests"]]
    except (OSError, ValueError):
        codes = ["FAIL"]
    skipped = sum(c in ("UNSUPPORTED", "SKIPPED", "EXCLUDED") for c in codes)
    passed = sum(c in ("PASS", "FLAKYPASS", "XFAIL") for c in codes)
    counts.add("lit", passed, len(codes) - passed - skipped, skipped, time.time() - start)


def python_tests(counts, folder, jobs):
    say("pytest")
    start, out = time.time(), folder / "pytest.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(jobs), "--dist", "worksteal", "--tb=short", "-rfE", "-p", "no:cacheprovider",
               f"--junitxml={out}", SOURCE / "test"]
    # One thread for each numerical library: the tests themselves run side by side.
    code = subprocess.run(command, cwd=SOURCE, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}).returncode
    try:
        suite = xml.etree.ElementTree.parse(out).getroot().find("testsuite").attrib
    except (OSError, xml.etree.ElementTree.ParseError):
        counts.add("pytest", 0, 1, 0, time.time() - start)
        return
    total, failed, skipped = int(suite["tests"]), int(suite["failures"]) + int(suite["errors"]), int(suite["skipped"])
    passed = total - failed - skipped
    counts.add("pytest", passed, max(failed, int(code != 0)), skipped, time.time() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", type=int, default=os.cpu_count(), help="tests at a time")
    jobs = parser.parse_args().j
    counts = Counts()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        unit_tests(counts, folder)
        lit_tests(counts, folder, jobs)
        python_tests(counts, folder, jobs)
    print(f"\n{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped", flush=True)
    sys.exit(counts.failed != 0 or counts.passed == 0)


if __name__ == "__main__":
    main()
