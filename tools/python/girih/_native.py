"""The C API (runtime/girih.h) by ctypes: every compiled library exports it."""
import _ctypes
import ctypes
import os
import stat
import struct

import numpy as np

from ._errors import Error, InputError

MAX_RANK = 16
INVALID_ARGUMENT = 1


class Tensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("dtype", ctypes.c_uint32), ("rank", ctypes.c_uint32), ("dims", ctypes.c_int64 * MAX_RANK)]


class TensorInfo(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("dtype", ctypes.c_uint32),
        ("rank", ctypes.c_uint32),
        ("dims", ctypes.POINTER(ctypes.c_int64)),
        ("dim_text", ctypes.POINTER(ctypes.c_char_p)),
        ("has_default", ctypes.c_int),
    ]


class ModelInfo(ctypes.Structure):
    _fields_ = (
        [(name, ctypes.c_char_p) for name in ("name", "producer", "target_cpu", "required_features")]
        + [(name, ctypes.c_uint32) for name in ("input_count", "output_count", "symbol_count", "node_count", "launch_count")]
        + [
            (name, ctypes.c_int64)
            for name in ("parameters", "macs", "weights_bytes", "arena_bytes", "arena_lower_bound", "scratch_bytes")
        ]
    )


class Options(ctypes.Structure):
    _fields_ = [("threads", ctypes.c_uint32), ("parallel_for", ctypes.c_void_p), ("executor", ctypes.c_void_p), ("stream", ctypes.c_void_p)]


class ErrorText(ctypes.Structure):
    _fields_ = [("message", ctypes.c_char * 1024)]


def _bfloat16():
    try:
        import ml_dtypes
    except ImportError:
        return np.dtype(np.uint16)
    return np.dtype(ml_dtypes.bfloat16)


# girih_dtype_code -> (numpy's type, our name of it)
DTYPES = {
    code: (np.dtype(dtype), name)
    for code, dtype, name in [
        (1, np.float32, "f32"),
        (2, np.float64, "f64"),
        (3, np.float16, "f16"),
        (4, _bfloat16(), "bf16"),
        (5, np.int8, "i8"),
        (6, np.int16, "i16"),
        (7, np.int32, "i32"),
        (8, np.int64, "i64"),
        (9, np.uint8, "u8"),
        (10, np.uint16, "u16"),
        (11, np.uint32, "u32"),
        (12, np.uint64, "u64"),
        (13, np.bool_, "bool"),
    ]
}


def _fresh_spelling(path):
    """Another spelling of `path` that differs for every file that was ever there.

    dlopen compares names first, and would return the library that is already open when the file has been replaced
    since. The number of the file, in "./" and ".//", goes between the folder and the name.
    """
    folder, name = os.path.split(os.path.abspath(path))
    bits = format(os.stat(path).st_ino, "b")
    return os.path.join(folder, "".join(".//" if bit == "1" else "./" for bit in bits) + name)


def _promised_bytes(path):
    """What the file's ELF headers promise: of a shorter file dlopen would die of a bus error. 0 if it has none."""
    with open(path, "rb") as file:
        header = file.read(64)
        if len(header) < 64 or header[:5] != b"\x7fELF\x02":
            return 0
        segments, sections = struct.unpack_from("=QQ", header, 32)
        segment_bytes, segment_count, section_bytes, section_count = struct.unpack_from("=HHHH", header, 54)
        file.seek(segments)
        table = file.read(segment_bytes * segment_count)
    if len(table) < segment_bytes * segment_count:
        return segments + segment_bytes * segment_count
    ends = [offset + length for _, offset, _, _, length in
            (struct.unpack_from("=QQQQQ", table, i * segment_bytes) for i in range(segment_count))]
    return max([sections + section_bytes * section_count, *ends])


class Library:
    """A loaded compiled library."""

    def __init__(self, path):
        path = os.fspath(path)
        try:
            found = os.stat(path)
            if not stat.S_ISREG(found.st_mode):
                raise Error(f"can't read '{path}': not a regular file")
            self._path, self._file = os.path.abspath(path), (found.st_dev, found.st_ino)
            self._bytes, spelling = _promised_bytes(path), _fresh_spelling(path)
        except OSError as e:
            raise Error(f"can't read '{path}': {e.strerror.lower()}") from None
        if found.st_size < self._bytes:
            raise Error(f"'{path}' can't be loaded as a compiled model: it is cut off; copy or compile it again")
        try:
            self.dll = ctypes.CDLL(spelling)
        except OSError as e:
            reason = str(e).replace(spelling + ": ", "", 1)
            advice = "a model file is compiled by girih.compile(model, 'out.so')"
            if "__asan_" in reason:
                advice = "it was compiled with --sanitize=address and needs the sanitizer's runtime, in LD_PRELOAD"
            raise Error(f"'{path}' can't be loaded as a compiled model: {reason}; {advice}") from None
        dll = self.dll
        try:
            table = ctypes.c_char.in_dll(dll, "girih_artifact_table")
        except ValueError:
            raise Error(f"'{path}' is a shared library, but not one that girih compiled") from None
        self.table = ctypes.addressof(table)
        pointer, status, error = ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(ErrorText)
        for name, result, arguments in [
            ("girih_open", status, [pointer, ctypes.c_char_p, ctypes.POINTER(pointer), error]),
            ("girih_close", None, [pointer]),
            ("girih_get_model_info", None, [pointer, ctypes.POINTER(ModelInfo)]),
            ("girih_get_input", ctypes.POINTER(TensorInfo), [pointer, ctypes.c_uint32]),
            ("girih_get_output", ctypes.POINTER(TensorInfo), [pointer, ctypes.c_uint32]),
            ("girih_create", status, [pointer, ctypes.POINTER(Options), ctypes.POINTER(pointer), error]),
            ("girih_destroy", None, [pointer]),
            ("girih_get_threads", ctypes.c_uint32, [pointer]),
            ("girih_get_device", ctypes.c_char_p, [pointer]),
            # Called with addresses that were made once: converting arguments would take longer than a small model.
            ("girih_infer", status, [pointer] * 4),
            ("girih_run", status, [pointer] * 4),
        ]:
            function = getattr(dll, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name[len("girih_") :], function)

    def is_cut_off(self):
        """Whether the file has become shorter than what is mapped of it: the next call could die of a bus error."""
        try:
            now = os.stat(self._path)
        except OSError:
            return False
        return (now.st_dev, now.st_ino) == self._file and now.st_size < self._bytes

    def check(self):
        if self.is_cut_off():
            raise Error(f"the compiled model '{self._path}' was cut off while it was in use: put it back, and replace such files by renaming others to them")

    def unload(self):
        _ctypes.dlclose(self.dll._handle)


def check(status, error):
    if status:
        message = error.message.decode(errors="replace")
        raise InputError(message) if status == INVALID_ARGUMENT else Error(message)
