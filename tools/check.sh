#!/usr/bin/env bash
# Sets up what is missing, builds, and runs every test. Ends with one line: N passed, N failed, N skipped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/setup.sh
tools/setup.sh --sanitize girih-mutate ptx-mutate girih-cudasim RuntimeTest
exec build/venv/bin/python test/all.py
