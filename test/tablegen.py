"""What the Passes.td files say, as TableGen reads them."""
import functools
import json
import pathlib
import shutil
import subprocess

SOURCE = pathlib.Path(__file__).resolve().parents[1]


@functools.cache
def llvm_prefix():
    config = shutil.which("llvm-config-22") or "llvm-config"
    return pathlib.Path(subprocess.run([config, "--prefix"], capture_output=True, text=True, check=True).stdout.strip())


@functools.cache
def passes():
    """Every pass of every Passes.td: {(file, name): record}, with the record's argument, summary, description, dependentDialects and statistics."""
    found = {}
    for path in sorted(SOURCE.glob("*/*/Passes.td")):
        command = [llvm_prefix() / "bin" / "llvm-tblgen", "-dump-json", "-I", llvm_prefix() / "include", "-I", SOURCE, path]
        records = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for name in records["!instanceof"]["PassBase"]:
            found[str(path.relative_to(SOURCE)), name] = records[name]
    return found
