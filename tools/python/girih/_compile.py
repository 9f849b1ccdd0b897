"""Compiling, by the girih command."""
import os
import pathlib
import shutil
import subprocess

from ._errors import CompileError


def _command():
    """$GIRIH, the command of the build that this package lies in, or the one on PATH."""
    beside = pathlib.Path(__file__).resolve().parents[2] / "bin" / "girih"
    for candidate in (os.environ.get("GIRIH"), str(beside), "girih"):
        found = candidate and shutil.which(candidate)
        if found:
            return found
    raise CompileError("no girih command: set GIRIH to its path, or put its folder on PATH")


def _flag(name, value):
    """cpu="host" -> --cpu=host; dim={"n": 1} -> --dim n=1; timing=True -> --timing; j=2 -> -j2"""
    option = ("-" if len(name) == 1 else "--") + name.replace("_", "-")
    if value is None or value is False:
        return []
    if value is True:
        return [option]
    if isinstance(value, dict):
        value = [f"{k}={v}" for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return [part for v in value for part in (option, str(v))]
    return [option + ("" if len(name) == 1 else "=") + str(value)]


def compile(model, out, **flags):
    """Compiles the file `model` into `out` and returns `out`.

    Keywords are the options of `girih compile`: cpu="x86-64-v3", dim={"batch": 1}, external_weights=True.
    Raises girih.CompileError with the compiler's message.
    """
    arguments = [part for name, value in flags.items() for part in _flag(name, value)]
    result = subprocess.run(
        [_command(), "compile", os.fspath(model), "-o", os.fspath(out), *arguments], capture_output=True, text=True, errors="replace"
    )
    if result.returncode:
        message = result.stderr.strip()
        raise CompileError(message[len("error: ") :] if message.startswith("error: ") else message or f"girih ended with {result.returncode}")
    return out
