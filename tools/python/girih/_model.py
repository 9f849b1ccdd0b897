"""Models: loading, inspecting, running."""
import ctypes
import os
import weakref
from time import monotonic_ns
from typing import NamedTuple

import numpy as np

from . import _device, _native
from ._errors import Error, InputError


class TensorInfo(NamedTuple):
    """An input or output as the model declares it."""

    name: str
    dtype: np.dtype
    shape: tuple  # of int, and of str where a size depends on the inputs: "seq", "past + 1"


class _Call:
    """The argument structures of one run; a model keeps those that no run is using."""

    def __init__(self, inputs, outputs):
        self.inputs = (_native.Tensor * len(inputs))()
        self.outputs = (_native.Tensor * len(outputs))()
        self.error = _native.ErrorText()
        self.addresses = tuple(ctypes.addressof(x) for x in (self.inputs, self.outputs, self.error))
        # Indexing a ctypes array makes a new object each time.
        self.input_list, self.output_list = list(self.inputs), list(self.outputs)
        self.shapes = [None] * len(inputs)  # that self.inputs hold
        for tensor, (code, info) in zip(self.input_list + self.output_list, inputs + outputs):
            tensor.dtype = code
            tensor.rank = len(info.shape)
            for axis, size in enumerate(info.shape):
                tensor.dims[axis] = size if isinstance(size, int) else 0


_first_byte, _addressof = ctypes.c_char.from_buffer, ctypes.addressof


def _address(array):
    """array.ctypes.data takes 1.1 us, this 0.3; arrays that are read-only, empty or bfloat16 give no such buffer."""
    try:
        return _addressof(_first_byte(array))
    except (TypeError, ValueError):
        return array.__array_interface__["data"][0]


def _release(library, model, context):
    if library.is_cut_off():  # what would release it can't be read
        return
    if context:
        library.destroy(context)
    if model:
        library.close(model)
    library.unload()


# How often the library's file is looked at, which takes about as long as a small run.
_LOOK_NANOSECONDS = 5_000_000


def _typed(dtype, shape):
    return f"{dtype}[{', '.join(map(str, shape))}]"


class Model:
    """A compiled model and the threads that run it. Made by `girih.load`.

    May be used from several threads: runs wait for each other. Models that shall run at the same time are loaded once each.
    """

    def __init__(self, path, threads=0, stream=None):
        if not isinstance(threads, int) or threads < 0:
            raise ValueError(f"threads: expected an integer >= 0, got {threads!r}")
        self._library = library = _native.Library(path)
        model, context, error = ctypes.c_void_p(), ctypes.c_void_p(), _native.ErrorText()
        folder = os.path.dirname(os.path.abspath(path)).encode()
        try:
            _native.check(library.open(library.table, folder, model, error), error)
            _native.check(library.create(model, _native.Options(threads=min(threads, 2**32 - 1), stream=stream), context, error), error)
        except Error:
            _release(library, model.value, None)
            raise
        self._release = weakref.finalize(self, _release, library, model.value, context.value)
        self._context, self._stream = context.value, stream
        info = _native.ModelInfo()
        library.get_model_info(model, info)
        #: The model's name.
        self.name = info.name.decode()
        #: Which girih made it, and for which CPU.
        self.producer, self.target_cpu = info.producer.decode(), info.target_cpu.decode()
        self._inputs = self._describe(library.get_input, model, info.input_count)
        self._outputs = self._describe(library.get_output, model, info.output_count)
        #: Declared inputs and outputs: lists of TensorInfo in the model's order.
        self.inputs = [info for _, info in self._inputs]
        self.outputs = [info for _, info in self._outputs]
        #: Names of inputs that need not be given: the model has a value of its own for each.
        self.optional_inputs = frozenset(
            info.name for i, info in enumerate(self.inputs) if library.get_input(model, i).contents.has_default
        )
        #: The number of threads that runs use.
        self.threads = library.get_threads(context)
        device = library.get_device(context)
        #: The name of the GPU that runs are done on; None: this CPU.
        self.device = device.decode() if device else None
        self._input_keys = [(i.name, i.dtype, len(i.shape)) for i in self.inputs]
        self._output_keys = [(i.name, i.dtype) for i in self.outputs]
        static = all(isinstance(size, int) for info in self.outputs for size in info.shape)
        self._output_shapes = [info.shape for info in self.outputs] if static else None
        self._looked = 0
        self._calls = [_Call(self._inputs, self._outputs)]

    def __repr__(self):
        inputs = ", ".join(f"{i.name}: {_typed(i.dtype, i.shape)}" for i in self.inputs)
        outputs = ", ".join(f"{o.name}: {_typed(o.dtype, o.shape)}" for o in self.outputs)
        place = self.device or f"{self.threads} thread{'s' * (self.threads != 1)}"
        return f"<girih model '{self.name}' ({inputs}) -> ({outputs}), {place}>"

    @staticmethod
    def _describe(get, model, count):
        infos = []
        for i in range(count):
            t = get(model, i).contents
            shape = tuple(t.dims[a] if t.dims[a] >= 0 else t.dim_text[a].decode() for a in range(t.rank))
            infos.append((t.dtype, TensorInfo(t.name.decode(), _native.DTYPES[t.dtype][0], shape)))
        return infos

    def run(self, inputs, outputs=None):
        """Runs the model on {name: array} and returns {name: array} in the order of `outputs`.

        Contiguous arrays are read in place, others are copied. The results are new arrays, but those that `outputs` has:
        {name: contiguous array that is written}. Inputs of `optional_inputs` may be left out. Of a model for GPUs any of
        these may be an array on the GPU (an object with `__cuda_array_interface__` or DLPack), whose contents must be complete, or in
        order on the default stream or the one that the model was loaded with. Raises girih.InputError for a wrong name,
        type or shape.
        """
        now = monotonic_ns()
        if now - self._looked > _LOOK_NANOSECONDS:
            self._library.check()
            self._looked = now
        calls = self._calls
        try:
            call = calls.pop()
        except IndexError:  # another thread is running
            call = _Call(self._inputs, self._outputs)
        try:
            return self._run(call, inputs, outputs)
        finally:
            calls.append(call)

    def _run(self, call, inputs, outputs):
        left_out = len(self._input_keys) - len(inputs)
        if left_out and not self.optional_inputs:
            self._complain_of_names(inputs)
        alive = []
        shapes = call.shapes
        index = 0
        for (name, dtype, rank), tensor in zip(self._input_keys, call.input_list):
            try:
                array = inputs[name]
            except KeyError:
                if name not in self.optional_inputs:
                    self._complain_of_names(inputs)
                left_out -= 1
                shape = self.inputs[index].shape
                if shapes[index] != shape:
                    tensor.dims[:rank] = shape
                    shapes[index] = shape
                tensor.data = None
                index += 1
                continue
            if type(array) is not np.ndarray:
                array = self._to_array(array, index)
            if array.dtype != dtype or array.ndim != rank:
                self._complain_of_array(array, index)
            if not array.flags.c_contiguous:
                array = np.ascontiguousarray(array)
            alive.append(array)
            shape = array.shape
            if shapes[index] != shape:
                tensor.dims[:rank] = shape
                shapes[index] = shape
            tensor.data = array.address if type(array) is _device.DeviceArray else _address(array)
            index += 1
        if left_out:
            self._complain_of_names(inputs)
        library = self._library
        inputs_at, outputs_at, error_at = call.addresses
        output_shapes = self._output_shapes
        if output_shapes is None:
            status = library.infer(self._context, inputs_at, outputs_at, error_at)
            if status:
                _native.check(status, call.error)
            output_shapes = [tensor.dims[: tensor.rank] for tensor in call.output_list]
        results = {}
        for (name, dtype), shape, tensor in zip(self._output_keys, output_shapes, call.output_list):
            if outputs and name in outputs:
                results[name] = outputs[name]
                tensor.data = self._output_address(outputs[name], name, dtype, tuple(shape))
                continue
            results[name] = array = np.empty(shape, dtype)
            tensor.data = _address(array)
        if outputs and not outputs.keys() <= results.keys():
            unknown = ", ".join(f"'{name}'" for name in outputs if name not in results)
            raise InputError(f"unknown output {unknown}; the model's outputs are " + ", ".join(f"'{name}'" for name in results))
        status = library.run(self._context, inputs_at, outputs_at, error_at)
        if status:
            _native.check(status, call.error)
        return results

    def _to_array(self, value, index):
        """Array-likes keep the type that they have; Python numbers and lists have none and take the input's."""
        try:
            if _device.is_on_device(value):
                return self._on_device(value)
            return np.asarray(value) if hasattr(value, "dtype") else np.asarray(value, self.inputs[index].dtype)
        except (TypeError, ValueError, OverflowError) as e:
            info = self.inputs[index]
            raise InputError(
                f"input '{info.name}': expected {self._expected(index)}, got {type(value).__name__}, which is no such array ({e})"
            ) from None

    def _on_device(self, value):
        if not self.device:
            raise ValueError("it is in a GPU's memory, and the model runs on this CPU")
        return _device.describe(value, self._stream)

    def _output_address(self, array, name, dtype, shape):
        """Where a run writes the output that is given."""
        try:
            if type(array) is np.ndarray:
                why = "" if array.flags.c_contiguous and array.flags.writeable else "it is not contiguous and writeable"
                address = _address(array)
            else:
                if not _device.is_on_device(array):
                    raise ValueError(f"{type(array).__name__} is no array that can be written")
                array = self._on_device(array)
                why, address = "it is read-only" * array.is_read_only, array.address
            if array.dtype != dtype or array.shape != shape:
                why = f"got {_typed(array.dtype, array.shape)}"
        except ValueError as e:
            why = str(e)
        if why:
            raise InputError(f"output '{name}': expected an array {_typed(dtype, shape)}: {why}")
        return address

    def _expected(self, index):
        code, info = self._inputs[index]
        return _typed(_native.DTYPES[code][1], info.shape)

    def _complain_of_array(self, array, index):
        info = self.inputs[index]
        names = {dtype: name for dtype, name in _native.DTYPES.values()}
        got = _typed(names.get(array.dtype, array.dtype), array.shape)
        why = "the number of dimensions differs" if array.dtype == info.dtype else "the element type differs"
        raise InputError(f"input '{info.name}': expected {self._expected(index)}, got {got} ({why})")

    def _complain_of_names(self, inputs):
        known = [i.name for i in self.inputs]
        missing = [name for name in known if name not in inputs and name not in self.optional_inputs]
        unknown = [str(name) for name in inputs if name not in known]
        problems = []
        if missing:
            problems.append("missing input " + ", ".join(f"'{n}'" for n in missing))
        if unknown:
            problems.append("unknown input " + ", ".join(f"'{n}'" for n in unknown))
        expected = ", ".join(f"'{name}': {self._expected(i)}" for i, name in enumerate(known)) or "none"
        raise InputError(f"{'; '.join(problems)}; the model's inputs are {expected}")


def load(path, threads=0, stream=None):
    """Loads the library that `girih compile` made. `threads`: 0 for one on each CPU that this process may use.

    `stream`: of a model for GPUs, the CUDA stream (an integer) that runs are done on, in place of one of the model's own.
    """
    return Model(path, threads, stream)
