#!/usr/bin/env bash
# Makes a fresh Debian 12 ready and builds girih: packages that are missing, a Python environment in build/venv, then the build.
# Run it as often as you like; what is there is left alone.
#
#   tools/setup.sh [NINJA TARGET...]              default: everything
#   tools/setup.sh --sanitize NINJA TARGET...     in build-asan, with ASan and UBSan
#
# CC, CXX        another Clang than clang-22
# GIRIH_NO_APT=1 install no packages: say what is missing and stop
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

packages=(libmlir-22-dev mlir-22-tools llvm-22-dev llvm-22-tools clang-22 clang-format-22 lld-22 liblld-22-dev
          libclang-rt-22-dev cmake ninja-build ccache libprotobuf-dev protobuf-compiler nlohmann-json3-dev libgtest-dev
          zlib1g-dev libzstd-dev gcc libc6-dev python3 python3-venv
          libc6-dev-arm64-cross qemu-user) # AArch64: artifacts, and their tests
missing=()
for p in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${missing[*]}"
  command -v apt-get >/dev/null || fail "this script installs with apt-get, which is not here; install by hand: ${missing[*]}"
  [ -z "${GIRIH_NO_APT:-}" ] || fail "missing packages: ${missing[*]}; install them, or unset GIRIH_NO_APT"
  root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || fail "missing packages: ${missing[*]}; run 'apt-get install ${missing[*]}' as root, then this again"
    root=(sudo)
  fi
  log=$(mktemp)
  { "${root[@]}" apt-get update &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
    { tail -20 "$log" >&2; fail "apt-get failed; its output is in $log"; }
  rm -f "$log"
fi

# A change of the list of packages makes the environment anew.
wanted=$(sha256sum tools/requirements.txt | cut -d' ' -f1)
if [ "$(cat build/venv/girih-requirements 2>/dev/null)" != "$wanted" ]; then
  say "Python environment in build/venv"
  python=python3
  $python -c 'import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || python=/usr/bin/python3
  $python -m venv --clear build/venv
  build/venv/bin/pip install --quiet --disable-pip-version-check -r tools/requirements.txt ||
    fail "pip could not install tools/requirements.txt; is PyPI reachable?"
  echo "$wanted" >build/venv/girih-requirements
fi

folder=build options=()
if [ "${1:-}" = --sanitize ]; then
  folder=build-asan options=(-DGIRIH_SANITIZE=ON)
  shift
fi
say "building in $folder"
if [ ! -f $folder/build.ninja ] || [ ${#missing[@]} -gt 0 ]; then
  command -v ccache >/dev/null && options+=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  mkdir -p $folder
  cmake -G Ninja -S . -B $folder -DCMAKE_C_COMPILER="${CC:-clang-22}" -DCMAKE_CXX_COMPILER="${CXX:-clang++-22}" \
        -DMLIR_DIR=/usr/lib/llvm-22/lib/cmake/mlir -DGIRIH_PYTHON="$PWD/build/venv/bin/python" "${options[@]}" >$folder/cmake.log 2>&1 ||
    { tail -20 $folder/cmake.log >&2; fail "cmake failed; its output is in $folder/cmake.log"; }
fi
# Relative paths in ccache's keys, and precompiled headers it may trust: a second clone builds from the first one's results.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
ninja -C $folder "$@"
