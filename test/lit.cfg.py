"""lit's configuration: runs `// RUN:` lines of *.mlir and *.test with the tools of the build folder.

    lit test/Graph                      the build folder is build/
    GIRIH_BUILD=build-asan lit test     another one
"""
import ctypes
import os
import shutil
import subprocess

import lit.formats

source = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.path.join(source, os.environ.get("GIRIH_BUILD", "build"))

config.name = "girih"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "unit", "conformance", "numerics", "mutation", "lint"]
config.test_source_root = os.path.join(source, "test")
config.test_exec_root = os.path.join(build, "test", "lit")

llvm = os.environ.get("GIRIH_LLVM_BIN") or subprocess.run(
    [shutil.which("llvm-config-22") or "llvm-config", "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
config.environment["PATH"] = os.pathsep.join([os.path.join(build, "bin"), llvm, os.environ["PATH"]])
config.environment["PYTHONPATH"] = os.path.join(build, "python")
# FileCheck variables defined before a CHECK-LABEL do not leak past it, unless they start with $.
config.environment["FILECHECK_OPTS"] = "-enable-var-scope"
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%source", source),
    ("%lib", os.path.join(build, "lib")),
    ("%models", os.path.join(source, "models")),
    ("%python", os.environ.get("GIRIH_PYTHON") or os.path.join(source, "build", "venv", "bin", "python")),
]
# NVIDIA's assembler and compiler, where the CUDA toolkit is installed.
for tool in ("ptxas", "nvcc"):
    if path := shutil.which(tool) or shutil.which(tool, path="/usr/local/cuda/bin"):
        config.available_features.add(tool)
        config.substitutions.append((f"%{tool}", path))
flags = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
for feature in ("avx2", "avx512f"):
    if f" {feature} " in flags:
        config.available_features.add(feature)
try:
    ctypes.CDLL("libcuda.so.1")
except OSError:
    config.available_features.add("no-cuda-driver")
# Another architecture: artifacts where its C library was when girih was built, programs where they can be run.
if os.path.exists(os.path.join(build, "lib", "libgirih-runtime-aarch64.a")):
    config.available_features.add("aarch64-runtime")
    if shutil.which("qemu-aarch64"):
        config.available_features.add("aarch64-programs")
