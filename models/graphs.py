"""Writes models in girih's JSON format (docs/json-format.md); the scripts beside it build theirs with it."""
import base64
import json

import numpy as np

DTYPES = {"float32": "f32", "int64": "i64", "int32": "i32", "bool": "bool"}


class Graph:
    def __init__(self, name, seed=0, opset=17):
        self.rng = np.random.default_rng(seed)
        self.opset = opset
        self.graph = {"name": name, "inputs": [], "outputs": [], "weights": [], "nodes": []}

    def input(self, name, dtype, *shape):
        """A dimension is a number, or a name where it is known at run time only."""
        self.graph["inputs"].append({"name": name, "dtype": dtype, "shape": list(shape)})
        return name

    def output(self, name, dtype, *shape):
        self.graph["outputs"].append({"name": name, "dtype": dtype, "shape": list(shape)})

    def weight(self, name, value):
        """Up to 16 elements are written as numbers, more as base64 of the little-endian bytes."""
        value = np.asarray(value)
        entry = {"name": name, "dtype": DTYPES[value.dtype.name], "shape": list(value.shape)}
        if value.size <= 16:
            entry["data"] = value.tolist()
        else:
            entry["base64"] = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        self.graph["weights"].append(entry)
        return name

    def normal(self, name, *shape, scale=None):
        """A weight of normal numbers, by default scaled for its fan-in."""
        scale = scale or 1 / np.sqrt(np.prod(shape[1:]) if len(shape) > 2 else shape[0])
        return self.weight(name, (self.rng.standard_normal(shape) * scale).astype(np.float32))

    def node(self, op, name, *inputs, **attributes):
        """A node with one output, which has the node's name."""
        node = {"op": op, "name": name, "inputs": list(inputs), "outputs": [name]}
        if attributes:
            node["attributes"] = attributes
        self.graph["nodes"].append(node)
        return name

    def dumps(self):
        """One line a node, weight, input and output: made for reading and for diffs."""
        lines = ['{"format": "girih-graph", "version": 1, "opsets": {"": %d},' % self.opset, ' "graph": {']
        keys = [k for k in self.graph if self.graph[k]]
        for key in keys:
            value = self.graph[key]
            comma = "" if key == keys[-1] else ","
            if isinstance(value, list):
                lines.append(f'  "{key}": [')
                lines += [f"   {json.dumps(v)}{'' if i == len(value) - 1 else ','}" for i, v in enumerate(value)]
                lines.append("  ]" + comma)
            else:
                lines.append(f'  "{key}": {json.dumps(value)}{comma}')
        return "\n".join(lines) + "\n }\n}\n"

    def write(self, path):
        with open(path, "w") as file:
            file.write(self.dumps())
