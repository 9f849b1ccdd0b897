"""Runs, and makes, models compiled by girih.

    import girih
    girih.compile("model.onnx", "model.so", cpu="x86-64-v3")
    model = girih.load("model.so", threads=2)
    print(model.inputs, model.outputs)
    outputs = model.run({"x": array})          # {name: array}, in the model's order

Needs numpy only; bfloat16 arrays have ml_dtypes' type where that is installed and are uint16 where not.
"""
from ._compile import compile
from ._errors import CompileError, Error, InputError
from ._model import Model, TensorInfo, load
from ._version import version

__version__ = version
__all__ = ["CompileError", "Error", "InputError", "Model", "TensorInfo", "compile", "load", "version"]
