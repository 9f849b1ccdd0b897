"""Random models whose sizes only a run knows: what the operators' generators (movement.py, arithmetic.py) build with.

A model's inputs have dimensions that are numbers or symbols. A case gives every symbol a size, and every input values; what it means is for
the oracle to say, so generators may ask for nonsense: an axis that does not divide, an index outside, a window that is too large.
"""
import dataclasses
from typing import Callable, Optional

import numpy as np
from support import Graph

SIZES = [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 19, 31, 33, 64]
FIXED = [1, 2, 3, 4, 5, 8, 16, 17]
SYMBOLS = ["n", "m", "h", "w"]
MAX_ELEMENTS = 40_000
OPSETS = [17, 18, 18, 20, 21, 22, 23, 24]


@dataclasses.dataclass
class Value:
    """A tensor of the model. `dims` holds numbers, symbols, and None for what is not followed; `exact` says that rounding cannot differ."""

    name: str
    dtype: type
    dims: list
    exact: bool = True

    @property
    def rank(self):
        return len(self.dims)


@dataclasses.dataclass
class Input:
    value: Value
    make: Callable  # (random generator, dimensions) -> array


class Sizes:
    """One case's sizes of the symbols."""

    def __init__(self, rng, symbols):
        common = int(rng.choice(SIZES))
        draw = {
            0: lambda: common,
            1: lambda: int(rng.choice([common, 1])),
            2: lambda: int(rng.choice([common, common + 1])),
            3: lambda: int(rng.choice(SIZES)),
            4: lambda: int(rng.choice([1, 2, 3, 4])),
        }[int(rng.integers(5))]
        self.values = {s: draw() for s in symbols}

    def of(self, dims):
        """The sizes of dimensions, None for unknown ones."""
        return [self.values.get(d) if isinstance(d, str) else d for d in dims]


def draw_array(rng, dtype, dims):
    """Numbers that sums and products hold exactly."""
    dtype = np.dtype(dtype)
    if dtype == np.bool_:
        return rng.integers(0, 2, dims).astype(dtype)
    if dtype.kind in "iu":
        return rng.integers(0 if dtype.kind == "u" else -5, 6, dims).astype(dtype)
    return (rng.integers(-16, 17, dims) / 8).astype(dtype)


class Builder:
    """One model while it is built. `current` is what the last operator made and the next one may use."""

    def __init__(self, rng, opset):
        self.rng, self.opset = rng, opset
        self.graph = Graph(opset=opset)
        self.inputs = []
        self.symbols = list(SYMBOLS[: int(rng.integers(1, len(SYMBOLS) + 1))])
        self.current: Optional[Value] = None
        self.unused = {}  # values that no node reads: outputs
        self.operators = []
        self.tolerance = 1e-5
        self.open_questions = set()  # (operator, kind of failure): where the standard leaves open what is right

    # Choices.
    def chance(self, p):
        return self.rng.random() < p

    def pick(self, *choices):
        return choices[int(self.rng.integers(len(choices)))]

    def int(self, low, high):
        """In [low, high]."""
        return int(self.rng.integers(low, high + 1))

    def axis(self, rank, outside=0.0):
        if self.chance(outside):
            return self.pick(rank, -rank - 1)
        return self.int(-rank, rank - 1)

    def axes(self, rank, low=1):
        count = self.int(min(low, rank), rank)
        return [int(a) - (rank if self.chance(0.3) else 0) for a in self.rng.permutation(rank)[:count]]

    def dim(self, symbol=0.7):
        return self.pick(*self.symbols) if self.chance(symbol) else self.pick(*FIXED)

    def shape(self, low, high=None):
        return [self.dim() for _ in range(self.int(low, high or low))]

    # Values.
    def input(self, dtype, dims, make=None):
        dims = [self.dim() if d is None else d for d in dims]
        name = self.graph.input(np.zeros([1] * len(dims), dtype), dims)
        value = Value(name, dtype, list(dims))
        self.inputs.append(Input(value, make or (lambda rng, sizes: draw_array(rng, dtype, sizes.of(dims)))))
        return value

    def const(self, array):
        array = np.asarray(array)
        return Value(self.graph.weight(array), array.dtype.type, list(array.shape))

    def data(self, dims, dtype=np.float32, constant=0.3):
        """Fresh data of these dimensions; a constant where they are all known."""
        if all(isinstance(d, int) for d in dims) and self.chance(constant):
            return self.const(draw_array(self.rng, dtype, dims))
        return self.input(dtype, dims)

    def take(self, low, high=None, dtype=np.float32, exact=False, dims=None):
        """An operand of some rank: what the last operator made if it fits, else fresh data."""
        value = self.current
        fits = value is not None and value.dtype == dtype and low <= value.rank <= (high or low) and (value.exact or not exact)
        if fits and (dims is None or self.chance(0.7)):
            self.current = None
            return value
        return self.input(dtype, dims if dims is not None else self.shape(low, high))

    def node(self, op, operands, *results, tolerance=0.0, **attributes):
        """A node; results are (dtype, dims, exact) or (dtype, dims), which takes exactness from the operands."""
        names = self.graph.op(op, *[o.name if o else "" for o in operands], outputs=len(results),
                              **{k: v for k, v in attributes.items() if v is not None})
        self.operators.append(op)
        self.tolerance = max(self.tolerance, tolerance)
        exact = all(o.exact for o in operands if o)
        values = []
        for name, (dtype, dims, *rest) in zip([names] if len(results) == 1 else names, results):
            values.append(Value(name, dtype, list(dims), exact and (rest[0] if rest else True)))
        for o in operands:
            if o:
                self.unused.pop(o.name, None)
        for v in values:
            self.unused[v.name] = v
        return values[0] if len(values) == 1 else values

    # Integers that steer shapes: constants, inputs, or computed from sizes.
    def ints(self, make, length, computed=None, dtype=np.int64):
        """`make(rng, sizes)` gives a list of `length`; `computed` a Value that follows from sizes, made only if it is chosen."""
        mode = self.pick("constant", "input", "computed" if computed else "input")
        if mode == "computed":
            return computed()
        if mode == "input":
            return self.input(dtype, [length], lambda rng, sizes: np.array(make(rng, sizes), dtype).reshape(length))
        sizes = Sizes(self.rng, self.symbols)
        return self.const(np.array(make(self.rng, sizes), dtype).reshape(length))

    def size(self, value, axis, change=True):
        """The size of a dimension as a tensor of one element, perhaps with something done to it."""
        unused = dict(self.unused)
        shape = self.node("Shape", [value], (np.int64, [value.rank]))
        at = self.node("Gather", [shape, self.const(np.array([axis % value.rank]))], (np.int64, [1]))
        if change and self.chance(0.6):
            op, number = self.pick(("Add", 1), ("Sub", 1), ("Sub", 3), ("Mul", 2), ("Div", 2), ("Mul", -1), ("Sub", 8))
            at = self.node(op, [at, self.const(np.array([number]))], (np.int64, [1]))
        self.unused = {**unused, at.name: at}
        return at

    def concat(self, parts):
        return parts[0] if len(parts) == 1 else self.node("Concat", parts, (np.int64, [len(parts)]), axis=0)
