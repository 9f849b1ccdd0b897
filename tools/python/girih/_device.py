"""Arrays in a GPU's memory, as libraries describe them to each other."""
import ctypes
import math

import numpy as np

from . import _native


class DeviceArray:
    """One of a run's arrays. Raises ValueError where a run can't use it."""

    flags = np.zeros(()).flags  # of a contiguous array

    def __init__(self, address, is_read_only, dtype, shape, strides, owner=None):
        """`strides`: in bytes; None: contiguous. `owner` keeps the memory."""
        self.address, self.is_read_only, self.dtype, self.shape, self.owner = address, is_read_only, np.dtype(dtype), tuple(shape), owner
        self.ndim = len(self.shape)
        dense = self.dtype.itemsize
        for size, stride in zip(reversed(self.shape), reversed(strides or ())):
            if size > 1 and stride != dense and 0 not in self.shape:
                raise ValueError("it is not contiguous")
            dense *= size


def is_on_device(value):
    """Whether an object says that it is an array in a GPU's memory."""
    return hasattr(value, "__cuda_array_interface__") or _is_cuda(value)


def describe(value, stream):
    """A DeviceArray of such an object. `stream`: where it is to be complete, a CUDA stream or None for the default one."""
    interface = getattr(value, "__cuda_array_interface__", None)
    if interface is None:
        return _from_dlpack(value, 1 if stream is None else stream)
    address, is_read_only = interface["data"]
    return DeviceArray(address, is_read_only, interface["typestr"], interface["shape"], interface.get("strides"))


# ---- DLPack: https://dmlc.github.io/dlpack/latest/ ----

_CUDA, _CUDA_MANAGED = 2, 13  # types of devices


def _is_cuda(value):
    return hasattr(value, "__dlpack__") and hasattr(value, "__dlpack_device__") and value.__dlpack_device__()[0] in (_CUDA, _CUDA_MANAGED)


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p), ("device_type", ctypes.c_int32), ("device", ctypes.c_int32), ("rank", ctypes.c_int32), ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16), ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("offset", ctypes.c_uint64)
    ]


class _Versioned(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p),
                ("flags", ctypes.c_uint64), ("tensor", _Tensor)]  # fmt: skip


# (code, bits) of an element. Codes are: signed, unsigned, float, -, bfloat, complex, bool.
_KINDS = {"i": 0, "u": 1, "f": 2, "b": 6}
_DTYPES = {(4 if name == "bf16" else _KINDS[dtype.kind], 8 * dtype.itemsize): dtype for dtype, name in _native.DTYPES.values()}

_is_named = ctypes.pythonapi.PyCapsule_IsValid
_is_named.argtypes = [ctypes.py_object, ctypes.c_char_p]
_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]


def _from_dlpack(value, stream):
    try:
        capsule = value.__dlpack__(stream=stream, max_version=(1, 0))
    except TypeError:  # it is older than versions are
        capsule = value.__dlpack__(stream=stream)
    is_read_only = False
    if _is_named(capsule, b"dltensor_versioned"):
        versioned = _Versioned.from_address(_pointer(capsule, b"dltensor_versioned"))
        if versioned.major != 1:
            raise ValueError(f"it is of version {versioned.major} of DLPack, expected 1")
        tensor, is_read_only = versioned.tensor, bool(versioned.flags & 1)
    elif _is_named(capsule, b"dltensor"):
        tensor = _Tensor.from_address(_pointer(capsule, b"dltensor"))
    else:
        raise ValueError("its __dlpack__ gives no capsule that is new")
    dtype = _DTYPES.get((tensor.code, tensor.bits)) if tensor.lanes == 1 else None
    if dtype is None:
        raise ValueError(f"its elements are of type {tensor.code} of DLPack, with {tensor.bits} bits and {tensor.lanes} lanes")
    shape = tensor.shape[: tensor.rank]
    strides = [s * dtype.itemsize for s in tensor.strides[: tensor.rank]] if tensor.strides else None
    # The capsule, which nobody else takes, frees what it has when it goes.
    address = (tensor.data or 0) + tensor.offset if math.prod(shape) else 0
    return DeviceArray(address, is_read_only, dtype, shape, strides, capsule)
