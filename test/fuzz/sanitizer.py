"""Where the runtime of LLVM's AddressSanitizer is, and how a process is started with it."""
import functools
import os
import pathlib
import shutil
import subprocess

LIBRARY = "libclang_rt.asan-x86_64.so"


@functools.cache
def library():
    """The path, or None where there is none: that of the clang that the kernels' LLVM belongs to."""
    clang = shutil.which("clang-22")
    path = clang and subprocess.run([clang, f"-print-file-name={LIBRARY}"], capture_output=True, text=True).stdout.strip()
    return path if path and pathlib.Path(path).is_file() else None


def environment(**options):
    """Variables for a process in which sanitized models run. Heap blocks get red zones as wide as those in a model's arena."""
    settings = {"detect_leaks": 0, "redzone": 1024, "max_redzone": 2048, "allocator_may_return_null": 1, "abort_on_error": 0, "exitcode": 99,
                "handle_abort": 1, "symbolize": 0, "print_legend": 0, **options}
    text = ":".join(f"{name}={value}" for name, value in settings.items())
    return {**os.environ, "LD_PRELOAD": library(), "ASAN_OPTIONS": text, "PYTHONMALLOC": "malloc"}
