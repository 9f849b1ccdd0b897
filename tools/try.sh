#!/usr/bin/env bash
# The first thing to run: sets up what is missing, builds, compiles a real model (magika: it tells the type of files) to native
# code and runs it on this repository's own files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
say() { printf '\n== %s\n' "$*"; }

tools/setup.sh girih girih-python
say "fetching the magika model"
models/magika/fetch.sh
ls -l build/magika/model.onnx | awk '{ printf "%s, %.2f MB\n", $NF, $5 / 1e6 }'

say "compiling it: build/bin/girih compile build/magika/model.onnx -o build/magika/magika.so"
build/bin/girih compile build/magika/model.onnx -o build/magika/magika.so
ls -l build/magika/magika.so | awk '{ printf "%s, %.2f MB, needs only libc, libm and pthreads\n", $NF, $5 / 1e6 }'

say "asking it about this repository's files"
build/venv/bin/python models/magika/run.py build/magika/magika.so CMakeLists.txt LICENSE README.md \
  compiler/Import/NodeImporter.cpp compiler/Import/graph.schema.json docs/dialect.md models/magika/fetch.sh runtime/plan.c \
  test/Runtime/by_hand.c tools/python/girih/_native.py build/bin/girih build/magika/model.onnx

say "how fast: build/bin/girih bench build/magika/magika.so"
build/bin/girih bench build/magika/magika.so

cat <<'END'

== what next
  build/bin/girih compile MODEL.onnx -o model.so       your own model (.a or .o: with a C header beside it)
  build/bin/girih inspect MODEL.onnx                   what is in it, and what it costs
  build/bin/girih run model.so                         random input, or --input NAME=FILE.npy
  build/bin/girih bench model.so --profile             time, GFLOP/s and GB/s of every kernel
  build/bin/girih compile MODEL.onnx --stop-after=plan the IR of any stage
  tools/check.sh                                       every test
END
