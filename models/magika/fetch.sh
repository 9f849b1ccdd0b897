#!/usr/bin/env bash
# Fetches Google's magika model (which tells the type of a file from its bytes; Apache-2.0, real weights, 3.2 MB) from PyPI
# into build/magika: the wheel by name and version, checked by its SHA-256, unpacked. Nothing of it is part of this repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version=1.0.3
wheel=magika-$version-py3-none-manylinux_2_28_x86_64.whl
sha256=3e9b49134e8116ee40b431664dcbed9e199413efddcce1a173c734b4e0521529
out=build/magika
python=build/venv/bin/python

[ "$(cat $out/fetched 2>/dev/null)" = "$sha256" ] && exit 0
[ -x $python ] || { echo "error: $python is missing; run tools/setup.sh first" >&2; exit 1; }
rm -rf $out
mkdir -p $out
$python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
  --platform manylinux_2_28_x86_64 --dest $out magika==$version
echo "$sha256  $out/$wheel" | sha256sum --check --quiet ||
  { rm -rf $out; echo "error: $wheel is not the file this script was written for (SHA-256 differs); nothing was kept" >&2; exit 1; }
$python - $out $wheel <<'PY'
import shutil, sys, zipfile
out, wheel = sys.argv[1:]
with zipfile.ZipFile(f"{out}/{wheel}") as z:
    z.extractall(f"{out}/wheel", [n for n in z.namelist() if n.startswith("magika/")])
for name in ("model.onnx", "config.min.json"):
    shutil.copy(f"{out}/wheel/magika/models/standard_v3_3/{name}", f"{out}/{name}")
shutil.copy(f"{out}/wheel/magika/config/content_types_kb.min.json", f"{out}/content_types.json")
PY
rm $out/$wheel
echo $sha256 >$out/fetched
