"""The node tests of the ONNX package, collected in process (they are made by code; no data is downloaded)."""
import functools
import re
import warnings

import numpy as np
import onnx
from onnx import numpy_helper

# Inputs that steer a result's shape and are floats (integers of rank 0 and 1 are found by their type).
FLOAT_SHAPE_INPUTS = {"Resize": (1, 2), "Upsample": (1,), "Range": (0, 1, 2), "Dropout": (1, 2), "ConstantOfShape": (0,), "OneHot": (1,)}


@functools.cache
def collect():
    """{name: (operator, case)}. A case that spells an operator's function body counts for that operator."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        cases = {c.name: c for c in collect_testcases(None)}
    found = {}
    for name, case in cases.items():
        base = cases.get(re.sub(r"_expanded(_ver\d+)?$", "", name), case)
        found[name] = (base.model.graph.node[0].op_type, case)
    return found


def array(value):
    """NumPy's form of a value: types that NumPy lacks come as TensorProto."""
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def feeds(case, data_set):
    inputs, outputs = ([array(v) for v in values] for values in data_set)
    names = [i.name for i in case.model.graph.input]
    return dict(zip(names, inputs)), dict(zip([o.name for o in case.model.graph.output], outputs))


def with_constant_shapes(case):
    """The case's model with the inputs that steer shapes made initializers; None if it has no such inputs, or if data sets differ in them."""
    values = feeds(case, case.data_sets[0])[0]
    floats = {n.input[i] for n in case.model.graph.node for i in FLOAT_SHAPE_INPUTS.get(n.op_type, ()) if i < len(n.input)}
    first = {n.input[0] for n in case.model.graph.node if n.input and n.op_type not in FLOAT_SHAPE_INPUTS}
    frozen = {}
    for name, value in values.items():
        if not isinstance(value, (np.ndarray, np.generic)):  # a sequence or an optional
            continue
        value = np.asarray(value)
        integers = value.dtype.kind in "iu" and value.ndim <= 1 and value.size <= 64 and name not in first
        if integers or name in floats:
            frozen[name] = value
    if not frozen or len(case.data_sets) > 1:
        return None
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    kept = [i for i in model.graph.input if i.name not in frozen]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    model.graph.initializer.extend(numpy_helper.from_array(v, k) for k, v in frozen.items())
    return model
