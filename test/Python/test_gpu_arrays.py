"""The Python package on the hand-written model of test/Runtime/by_hand.c for GPUs, on the PTX simulator."""
import ctypes

import numpy as np
import pytest

from support import BUILD, girih
from test_package import assert_right, feeds

DRIVER = BUILD / "lib" / "libgirih-cudasim.so"


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIRIH_CUDA_DRIVER", str(DRIVER))
        yield girih.load(BUILD / "lib" / "girih-test-cuda-model.so")


class DeviceArray:
    """A copy of an array on the device, as CuPy and PyTorch describe theirs."""

    def __init__(self, array, **changes):
        self.driver, self.address, self.array = ctypes.CDLL(str(DRIVER)), ctypes.c_uint64(), array
        context = ctypes.c_void_p()
        self.driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0)
        self.driver.cuCtxPushCurrent_v2(context)
        assert self.driver.cuMemAlloc_v2(ctypes.byref(self.address), ctypes.c_size_t(array.nbytes)) == 0
        assert self.driver.cuMemcpyHtoD_v2(self.address, ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes)) == 0
        self.__cuda_array_interface__ = {
            "version": 3, "data": (self.address.value, False), "typestr": array.dtype.str, "shape": array.shape, "strides": None, **changes
        }

    def read(self):
        result = np.empty_like(self.array)
        assert self.driver.cuMemcpyDtoH_v2(ctypes.c_void_p(result.ctypes.data), self.address, ctypes.c_size_t(result.nbytes)) == 0
        return result


class _Tensor(ctypes.Structure):
    """Of DLPack's specification."""

    _fields_ = [(n, getattr(ctypes, "c_" + t)) for n, t in [
        ("data", "void_p"), ("type", "int32"), ("device", "int32"), ("rank", "int32"), ("code", "uint8"), ("bits", "uint8"), ("lanes", "uint16"),
        ("shape", "void_p"), ("strides", "void_p"), ("offset", "uint64")]]  # fmt: skip


class _Managed(ctypes.Structure):
    _fields_ = [("tensor", _Tensor), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p)]


class _Versioned(ctypes.Structure):
    _fields_ = [("major", ctypes.c_uint32), ("minor", ctypes.c_uint32), ("context", ctypes.c_void_p), ("deleter", ctypes.c_void_p),
                ("flags", ctypes.c_uint64), ("tensor", _Tensor)]  # fmt: skip


_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype, _new_capsule.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


class DLPackArray:
    """The same in DLPack, of a version or from before there were any."""

    def __init__(self, array, version=None, flags=0, strides=None, **changes):
        self.on_device, self.version, self.streams = DeviceArray(array), version, []
        self.shape = (ctypes.c_int64 * array.ndim)(*array.shape)
        self.strides = (ctypes.c_int64 * array.ndim)(*strides) if strides else None
        at = self.on_device.address.value
        kind = {"i": 0, "u": 1, "f": 2, "b": 6}[array.dtype.kind]
        fields = {"data": at - 64, "type": 2, "rank": array.ndim, "code": kind, "bits": 8 * array.itemsize, "lanes": 1, "offset": 64, **changes}
        tensor = _Tensor(shape=ctypes.addressof(self.shape), strides=ctypes.addressof(self.strides) if strides else None, **fields)
        self.managed = _Versioned(major=version, flags=flags, tensor=tensor) if version else _Managed(tensor=tensor)

    def __dlpack_device__(self):
        return 2, 0

    def __dlpack__(self, stream=None, **more):
        if not self.version and more:
            raise TypeError("__dlpack__() got an unexpected keyword argument 'max_version'")
        self.streams.append(stream)
        return _new_capsule(ctypes.addressof(self.managed), b"dltensor_versioned" if self.version else b"dltensor", None)

    def read(self):
        return self.on_device.read()


def test_host_arrays(model):
    assert model.device == "NVIDIA H100 80GB HBM3 (simulated)" and "NVIDIA" in repr(model)
    for n, size in [(3, 2), (1, 0), (500, 7), (3, 2), (3, 2)]:
        inputs = feeds(n, size)
        assert_right(inputs, model.run(inputs))


def test_device_arrays(model):
    inputs = feeds(5, 2)
    for _ in range(4):
        given = {"y": DeviceArray(np.zeros((5, 4), np.float32)), "table": np.zeros((2, 5), np.float32)}
        outputs = model.run({name: DeviceArray(value) for name, value in inputs.items()}, given)
        assert list(outputs) == ["y", "copy", "table"] and outputs["y"] is given["y"] and outputs["table"] is given["table"]
        assert_right(inputs, {**outputs, "y": outputs["y"].read()})


@pytest.mark.parametrize("version", [None, 1])
def test_dlpack(model, version):
    inputs = feeds(5, 2)
    for strides in [None, (4, 1)]:
        given = {"y": DLPackArray(np.zeros((5, 4), np.float32), version, strides=strides)}
        arrays = {name: DLPackArray(value, version) for name, value in inputs.items()}
        outputs = model.run(arrays, given)
        assert_right(inputs, {**outputs, "y": outputs["y"].read()})
        assert all(a.streams == [1] for a in arrays.values())  # the default stream, with which runs are in order


def test_mistakes_in_dlpack(model):
    inputs = feeds(5, 2)

    def refused(why, **wrong):
        with pytest.raises(girih.InputError, match=why):
            model.run({**inputs, "x": DLPackArray(inputs["x"], **wrong)})

    refused(r"input 'x': expected f32\[n, 4\], got DLPackArray, which is no such array \(it is not contiguous\)", strides=(1, 5))
    refused(r"it is of version 2 of DLPack, expected 1", version=2)
    refused(r"its elements are of type 2 of DLPack, with 32 bits and 4 lanes", lanes=4)
    refused(r"its elements are of type 5 of DLPack, with 64 bits and 1 lanes", code=5, bits=64)
    refused(r"got i32\[5, 4\] \(the element type differs\)", code=0)
    with pytest.raises(girih.InputError, match="output 'y': .*: it is read-only"):
        model.run(inputs, {"y": DLPackArray(np.zeros((5, 4), np.float32), 1, flags=1)})
    with pytest.raises(girih.InputError, match="it is in a GPU's memory, and the model runs on this CPU"):
        girih.load(BUILD / "lib" / "girih-test-model.so").run({**inputs, "x": DLPackArray(inputs["x"])})


def test_mistakes(model):
    inputs = feeds(5, 2)
    x = DeviceArray(inputs["x"], strides=(4, 20))
    with pytest.raises(girih.InputError, match=r"input 'x': expected f32\[n, 4\], got DeviceArray, which is no such array \(it is not contiguous\)"):
        model.run({**inputs, "x": x})
    with pytest.raises(girih.InputError, match=r"input 'x': expected f32\[n, 4\], got i64\[1\] \(the element type differs\)"):
        model.run({**inputs, "x": DeviceArray(inputs["size"])})
    with pytest.raises(girih.InputError, match=r"output 'y': expected an array float32\[5, 4\]: got float32\[5, 3\]"):
        model.run(inputs, {"y": DeviceArray(np.zeros((5, 3), np.float32))})
    with pytest.raises(girih.InputError, match="output 'y': .*: it is read-only"):
        model.run(inputs, {"y": DeviceArray(inputs["x"], data=(64, True))})
    with pytest.raises(girih.InputError, match="unknown output 'z'; the model's outputs are 'y', 'copy', 'table'"):
        model.run(inputs, {"z": inputs["x"]})


def test_no_gpu():
    """Models for CPUs write to given arrays too, but not to a GPU's."""
    model, inputs = girih.load(BUILD / "lib" / "girih-test-model.so"), feeds(5, 2)
    assert model.device is None
    given = np.zeros((5, 4), np.float32)
    outputs = model.run(inputs, {"y": given})
    assert outputs["y"] is given
    assert_right(inputs, outputs)
    with pytest.raises(girih.InputError, match="output 'y': .*: it is not contiguous and writeable"):
        model.run(inputs, {"y": np.asfortranarray(given)})
    with pytest.raises(girih.InputError, match="output 'y': .*: list is no array that can be written"):
        model.run(inputs, {"y": given.tolist()})
    with pytest.raises(girih.InputError, match="input 'x': .*it is in a GPU's memory, and the model runs on this CPU"):
        model.run({**inputs, "x": DeviceArray(inputs["x"])})


def test_no_driver(monkeypatch):
    monkeypatch.setenv("GIRIH_CUDA_DRIVER", "/no/libcuda.so")
    with pytest.raises(girih.Error, match="the CUDA driver that GIRIH_CUDA_DRIVER names can't be loaded: /no/libcuda.so"):
        girih.load(BUILD / "lib" / "girih-test-cuda-model.so")
