#!/usr/bin/env python3
"""The texts of the programs, which are kept compressed in ptx/.

    packed.py NAME        prints one: tiles.sm_80
"""
import atexit
import functools
import lzma
import pathlib
import shutil
import sys
import tempfile

PTX = pathlib.Path(__file__).resolve().parent / "ptx"


def archive(name):
    return PTX / f"{name}.ptx.xz"


def read(name):
    return lzma.decompress(archive(name).read_bytes()).decode()


def write(name, text):
    """Returns how many bytes it takes."""
    PTX.mkdir(exist_ok=True)
    return archive(name).write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


@functools.cache
def folder():
    made = tempfile.mkdtemp(prefix="girih-ptx-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return pathlib.Path(made)


@functools.cache
def path(name):
    """A file with the text, until this process ends."""
    unpacked = folder() / f"{name}.ptx"
    unpacked.write_text(read(name))
    return unpacked


if __name__ == "__main__":
    sys.stdout.write(read(sys.argv[1]))
