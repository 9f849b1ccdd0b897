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
