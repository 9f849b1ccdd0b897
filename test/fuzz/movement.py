"""Generators of operators that move elements: by sizes, by indices, by shapes. Each takes a Builder and returns the value that goes on."""
import numpy as np

from build import draw_array

I64 = np.int64


def known(sizes, dims, default=4):
    return [default if s is None else s for s in sizes.of(dims)]


def index(rng, size, outside=0.08):
    """Mostly within [-size, size), sometimes just or far outside."""
    if size > 0 and rng.random() > outside:
        return int(rng.integers(-size, size))
    return int(rng.choice([size, -size - 1, size + 7, -1, 0, 1000, -1000]))


def indices(b, dims, limit, dtype=None, outside=0.03):
    """An input of indices into `limit`, a dimension or a function of sizes."""
    outside = outside if b.chance(0.4) else 0.0
    dtype = dtype or b.pick(np.int64, np.int64, np.int32)

    def make(rng, sizes):
        shape = sizes.of(dims)
        size = limit(sizes) if callable(limit) else known(sizes, [limit])[0]
        flat = [index(rng, size, outside) for _ in range(int(np.prod(shape)))]
        return np.array(flat, dtype).reshape(shape)

    return b.input(dtype, dims, make)


def slice_(b):
    x = b.take(1, 4)
    axes = [a % x.rank for a in b.axes(x.rank)]
    steps = [b.pick(1, 1, 1, 2, 3, -1, -2) for _ in axes]
    far = [-(2**63), 2**63 - 1, -(2**31), 2**31 - 1, 10000, -10000]

    def bound(rng, sizes):
        return [int(rng.choice(far)) if rng.random() < 0.15 else int(rng.integers(-n - 2, n + 3)) for n in known(sizes, [x.dims[a] for a in axes])]

    ends = b.ints(bound, len(axes), lambda: b.concat([b.size(x, a) for a in axes]))
    starts = b.ints(bound, len(axes), lambda: b.concat([b.size(x, b.int(0, x.rank - 1)) for _ in axes]))
    operands = [x, starts, ends]
    if axes != list(range(x.rank)) or b.chance(0.5):
        operands.append(b.const(np.array([a - (x.rank if b.chance(0.3) else 0) for a in axes])))
        if b.chance(0.6):
            operands.append(b.const(np.array(steps)))
    return b.node("Slice", operands, (x.dtype, [None if i in axes else d for i, d in enumerate(x.dims)]))


def split(b):
    x = b.take(1, 4)
    axis = b.axis(x.rank)
    count = b.int(1, 4)
    dims = [None if i == axis % x.rank else d for i, d in enumerate(x.dims)]
    results = [(x.dtype, dims)] * count

    def sizes_of(rng, sizes):
        n = known(sizes, [x.dims[axis]])[0] + (int(rng.integers(-1, 2)) if rng.random() < 0.2 else 0)
        cuts = sorted(int(rng.integers(0, max(n, 0) + 1)) for _ in range(count - 1))
        return [b2 - a for a, b2 in zip([0, *cuts], [*cuts, n])]

    how = b.pick("given", "given", "equal")
    if how == "equal":
        values = b.node("Split", [x], *results, axis=axis, num_outputs=count if b.opset >= 18 else None)
    else:
        parts = b.ints(sizes_of, count, (lambda: b.concat([b.size(x, axis) for _ in range(count)])))
        values = b.node("Split", [x, parts], *results, axis=axis)
    return values if count == 1 else values[b.int(0, count - 1)]


def pad(b):
    x = b.take(1, 4)
    mode = b.pick("constant", "reflect", "edge", "wrap") if b.opset >= 19 else b.pick("constant", "reflect", "edge")
    axes = b.axes(x.rank) if b.opset >= 18 and b.chance(0.4) else None
    count = len(axes) if axes else x.rank
    negative = b.chance(0.2)
    if negative and mode != "constant":  # whether what is cut off is still there to be repeated, nobody says
        b.open_questions |= {("Pad", "wrong"), ("Pad", "accepted invalid"), ("Pad", "refused valid")}

    def amounts(rng, sizes):
        dims = known(sizes, [x.dims[a] for a in axes] if axes else x.dims)
        return [int(rng.integers(-negative, (n + 2 if rng.random() < 0.1 else max(min(n, 4), 1)))) for n in dims * 2]

    pads = b.ints(amounts, 2 * count, (lambda: b.concat([b.size(x, b.int(0, x.rank - 1), negative) for _ in range(2 * count)])) if b.chance(0.4) else None)
    operands = [x, pads]
    if axes or b.chance(0.4):
        operands.append(b.const(np.array(1.5, x.dtype)) if b.chance(0.8) else b.input(x.dtype, []))
    if axes:
        operands.append(b.const(np.array(axes)))
    return b.node("Pad", operands, (x.dtype, [None] * x.rank), mode=mode)


def concat(b):
    x = b.take(1, 4)
    axis = b.axis(x.rank)
    others = []
    for _ in range(b.int(1, 3)):
        dims = [b.dim() if i == axis % x.rank or (d is None or b.chance(0.1)) else d for i, d in enumerate(x.dims)]
        others.append(b.data(dims, x.dtype))
    operands = [x, *others]
    order = b.rng.permutation(len(operands))
    return b.node("Concat", [operands[i] for i in order], (x.dtype, [None if i == axis % x.rank else d for i, d in enumerate(x.dims)]), axis=axis)


def factors(rng, n, count):
    """`count` numbers whose product is n."""
    result = []
    for _ in range(count - 1):
        divisors = [d for d in range(1, n + 1) if n % d == 0] or [0]
        f = int(rng.choice(divisors))
        result.append(f)
        n = n // f if f else 0
    return [*result, n]


def reshape(b):
    x = b.take(1, 4)
    rank = b.int(1, 4)

    def shape(rng, sizes):
        dims = known(sizes, x.dims)
        n = int(np.prod(dims))
        if rng.random() < 0.1:
            return [int(rng.integers(-2, 6)) for _ in range(rank)]
        result = factors(rng, n, rank)
        if rng.random() < 0.5:
            result[int(rng.integers(rank))] = -1
        at = int(rng.integers(rank))
        if rng.random() < 0.3 and at < len(dims) and dims[at] == result[at]:
            result[at] = 0
        return result

    def computed():
        parts = [b.size(x, b.int(0, x.rank - 1), change=b.chance(0.3)) for _ in range(rank)]
        parts[b.int(0, rank - 1)] = b.const(np.array([b.pick(-1, -1, 1, 2, 0)]))
        return b.concat(parts)

    how = b.ints(shape, rank, computed)
    return b.node("Reshape", [x, how], (x.dtype, [None] * rank), allowzero=b.pick(None, None, 1))


def expand(b):
    x = b.take(0, 4)
    rank = b.int(max(x.rank - 1, 1), 4)

    def shape(rng, sizes):
        dims = ([1] * 4 + known(sizes, x.dims))[-rank:]
        return [(int(rng.integers(0, 6)) if d == 1 else int(rng.choice([d, d, 1]))) if rng.random() > 0.05 else int(rng.integers(0, 9)) for d in dims]

    def computed():
        return b.concat([b.size(x, b.int(0, x.rank - 1), b.chance(0.3)) if b.chance(0.6) else b.const(np.array([1])) for _ in range(rank)])

    return b.node("Expand", [x, b.ints(shape, rank, computed if x.rank else None)], (x.dtype, [None] * max(rank, x.rank)))


def tile(b):
    x = b.take(1, 4)
    repeats = b.ints(lambda rng, sizes: [int(rng.choice([0, 1, 1, 2, 3, -1], p=[.05, .4, .2, .2, .1, .05])) for _ in x.dims], x.rank,
                     (lambda: b.concat([b.const(np.array([1]))] * (x.rank - 1) + [b.size(x, 0)])))
    return b.node("Tile", [x, repeats], (x.dtype, [None] * x.rank))


def gather(b):
    x = b.take(1, 3)
    axis = b.axis(x.rank)
    at = indices(b, b.shape(0, 2), x.dims[axis])
    a = axis % x.rank
    return b.node("Gather", [x, at], (x.dtype, x.dims[:a] + at.dims + x.dims[a + 1 :]), axis=axis)


def gather_constant(b):
    """A table that is a constant, or indices that are."""
    if b.chance(0.5):
        x = b.const(draw_array(b.rng, np.float32, [b.int(1, 7), b.pick(1, 3, 16, 17)]))
        return b.node("Gather", [x, indices(b, b.shape(1, 2), x.dims[0])], (np.float32, [None, None, x.dims[1]][-2:]))
    x = b.take(1, 3)
    axis = b.axis(x.rank)
    at = b.const(np.array(b.pick(0, -1, [0, 1], [-1, -2], [3], [[0, 2], [1, -3]])))
    a = axis % x.rank
    return b.node("Gather", [x, at], (x.dtype, x.dims[:a] + at.dims + x.dims[a + 1 :]), axis=axis)


def near(b, dims, axis, chance=0.25):
    """Dimensions for indices beside data of `dims`: the same but for `axis`, sometimes others."""
    return [b.dim() if i == axis or d is None or b.chance(chance) else d for i, d in enumerate(dims)]


def gather_elements(b):
    x = b.take(1, 4)
    axis = b.axis(x.rank)
    at = indices(b, near(b, x.dims, axis % x.rank), x.dims[axis])
    return b.node("GatherElements", [x, at], (x.dtype, at.dims), axis=axis)


def last_dim_indices(b, x, lead, batch):
    """Indices whose last dimension walks through dimensions of x."""
    depth = b.int(1, x.rank - batch)
    dims = [*lead, depth]

    def make(rng, sizes):
        shape = sizes.of(dims)
        limits = known(sizes, x.dims[batch : batch + depth])
        outside = 0.02 if wild else 0.0
        flat = [[index(rng, n, outside) for n in limits] for _ in range(int(np.prod(shape[:-1])))]
        return np.array(flat, I64).reshape(shape)

    wild = b.chance(0.4)
    return b.input(I64, dims, make), depth


def gather_nd(b):
    x = b.take(1, 4)
    batch = b.int(0, x.rank - 1) if b.chance(0.3) else 0
    lead = [x.dims[i] if x.dims[i] is not None and b.chance(0.9) else b.dim() for i in range(batch)] + b.shape(0, 2)
    at, depth = last_dim_indices(b, x, lead, batch)
    return b.node("GatherND", [x, at], (x.dtype, lead + x.dims[batch + depth :]), batch_dims=batch or None)


def scatter_elements(b):
    x = b.take(1, 4)
    axis = b.axis(x.rank)
    at = indices(b, near(b, x.dims, axis % x.rank), x.dims[axis])
    updates = b.data(at.dims if b.chance(0.9) else near(b, at.dims, 0), x.dtype)
    reduction = b.pick(None, "add", "mul", "min", "max") if b.opset >= 18 else b.pick(None, "add", "mul") if b.opset >= 16 else None
    return b.node("ScatterElements", [x, at, updates], (x.dtype, x.dims, reduction != "mul"), axis=axis, reduction=reduction)


def scatter_nd(b):
    x = b.take(1, 4)
    lead = b.shape(0, 2)
    at, depth = last_dim_indices(b, x, lead, 0)
    dims = [d if d is not None else b.dim() for d in lead + x.dims[depth:]]
    updates = b.data(dims if b.chance(0.9) else near(b, dims, 0), x.dtype)
    reduction = b.pick(None, None, "add", "max") if b.opset >= 18 else None
    return b.node("ScatterND", [x, at, updates], (x.dtype, x.dims), reduction=reduction)


def tensor_scatter(b):
    cache = b.take(3, 4)
    axis = b.int(1, cache.rank - 1)
    dims = [b.dim() if i == axis or d is None or b.chance(0.1) else d for i, d in enumerate(cache.dims)]
    operands = [cache, b.data(dims)]
    if b.chance(0.8):
        where = cache.dims[0] if cache.dims[0] is not None else b.dim()
        operands.append(indices(b, [where], cache.dims[axis], I64, outside=0.1))
    return b.node("TensorScatter", operands, (cache.dtype, cache.dims), axis=axis - b.pick(0, cache.rank), mode=b.pick(None, "linear", "circular"))


def top_k(b):
    x = b.take(1, 3, exact=True)
    axis = b.axis(x.rank)

    def make(rng, sizes):
        n = known(sizes, [x.dims[axis]])[0]
        return [int(rng.integers(0, n + 1)) if rng.random() > 0.15 else n + int(rng.integers(1, 3))]

    k = b.ints(make, 1, lambda: b.size(x, b.int(0, x.rank - 1)))
    dims = [None if i == axis % x.rank else d for i, d in enumerate(x.dims)]
    values, at = b.node("TopK", [x, k], (x.dtype, dims), (I64, dims), axis=axis, largest=b.int(0, 1))
    return values


def one_hot(b):
    depth = b.ints(lambda rng, sizes: [int(rng.integers(1, 9))], 1, None)
    at = indices(b, b.shape(0, 2), lambda sizes: 5, I64, outside=0.2)
    values = b.data([2])
    rank = at.rank + 1
    axis = b.axis(rank)
    dims = list(at.dims)
    dims.insert(axis % rank, None)
    return b.node("OneHot", [at, depth, values], (np.float32, dims), axis=axis)


def range_(b):
    if b.chance(0.5):
        x = b.take(1, 3)
        limit = b.node("Squeeze", [b.size(x, b.int(0, x.rank - 1)), b.const(np.array([0]))], (I64, []))
    else:
        limit = b.input(I64, [], lambda rng, sizes: np.array(int(rng.integers(-3, 20))))
    start, delta = b.const(np.array(b.pick(0, 0, 1, -2, 5))), b.const(np.array(b.pick(1, 1, 2, -1, 3)))
    made = b.node("Range", [start, limit, delta], (I64, [None]))
    return b.node("Cast", [made], (np.float32, [None]), to=1)


def trilu(b):
    x = b.take(2, 4)
    operands = [x]
    if b.chance(0.6):
        operands.append(b.const(np.array(b.int(-4, 4))) if b.chance(0.5) else b.input(I64, [], lambda rng, sizes: np.array(int(rng.integers(-70, 70)))))
    return b.node("Trilu", operands, (x.dtype, x.dims), upper=b.int(0, 1))


def reverse_sequence(b):
    x = b.take(2, 4)
    batch = b.int(0, 1)
    dims = [x.dims[batch] if x.dims[batch] is not None and b.chance(0.9) else b.dim()]

    def make(rng, sizes):
        n = known(sizes, [x.dims[1 - batch]])[0]
        return np.array([int(rng.integers(0, n + 1)) + (5 if rng.random() < 0.02 else 0) for _ in range(sizes.of(dims)[0])], I64)

    return b.node("ReverseSequence", [x, b.input(I64, dims, make)], (x.dtype, x.dims), batch_axis=batch, time_axis=1 - batch)


def depth_space(b):
    x = b.take(4)
    op = b.pick("DepthToSpace", "SpaceToDepth")
    mode = b.pick(None, "DCR", "CRD") if op == "DepthToSpace" else None
    return b.node(op, [x], (x.dtype, [x.dims[0], None, None, None]), blocksize=b.int(1, 3), mode=mode)


def transpose(b):
    x = b.take(1, 4)
    perm = [int(p) for p in b.rng.permutation(x.rank)]
    return b.node("Transpose", [x], (x.dtype, [x.dims[p] for p in perm]), perm=perm)


def squeeze(b):
    dims = b.shape(1, 4)
    dims[b.int(0, len(dims) - 1)] = b.pick(1, 1, dims[0])
    x = b.take(len(dims), dims=dims)
    axes = b.axes(x.rank) if b.chance(0.2) else [b.pick(*[i for i, d in enumerate(x.dims) if d in (1, None)] or [0])]
    return b.node("Squeeze", [x, b.const(np.array(axes))], (x.dtype, [None] * (x.rank - len(axes))))


def unsqueeze(b):
    x = b.take(0, 3)
    rank = x.rank + b.int(1, 2)
    axes = sorted(int(a) for a in b.rng.permutation(rank)[: rank - x.rank])
    left = list(x.dims)
    dims = [1 if i in axes else left.pop(0) for i in range(rank)]
    return b.node("Unsqueeze", [x, b.const(np.array([a - (rank if b.chance(0.3) else 0) for a in axes]))], (x.dtype, dims))


def flatten(b):
    x = b.take(1, 4)
    return b.node("Flatten", [x], (x.dtype, [None, None]), axis=b.int(-x.rank, x.rank))


def eye_like(b):
    x = b.take(2)
    return b.node("EyeLike", [x], (x.dtype, x.dims), k=b.pick(None, -2, 1, 3))


def constant_of_shape(b):
    x = b.take(1, 3)
    rank = b.int(1, 3)
    shape = b.ints(lambda rng, sizes: [int(rng.integers(0, 6)) - (rng.random() < 0.03) for _ in range(rank)], rank,
                   lambda: b.concat([b.size(x, b.int(0, x.rank - 1)) for _ in range(rank)]))
    return b.node("ConstantOfShape", [shape], (np.float32, [None] * rank))


def center_crop_pad(b):
    x = b.take(2, 3)
    count = b.int(1, x.rank)
    axes = [int(a) for a in b.rng.permutation(x.rank)[:count]]
    shape = b.ints(lambda rng, sizes: [int(rng.integers(0, 12)) for _ in axes], count, lambda: b.concat([b.size(x, 0) for _ in axes]))
    return b.node("CenterCropPad", [x, shape], (x.dtype, [None] * x.rank), axes=axes)


def where(b):
    x = b.take(1, 3)
    condition = b.data([d if d is not None and b.chance(0.6) else b.pick(1, b.dim()) for d in x.dims], np.bool_)
    y = b.data([d if d is not None and b.chance(0.6) else b.pick(1, b.dim()) for d in x.dims][b.int(0, x.rank) :], x.dtype)
    return b.node("Where", [condition, x, y], (x.dtype, [None] * x.rank))


def compress(b):
    x = b.take(1, 3)
    axis = b.axis(x.rank)
    chosen = [bool(b.int(0, 1)) for _ in range(b.int(1, 5))]
    condition = b.const(np.array(chosen)) if b.chance(0.7) else b.input(np.bool_, [b.dim()])
    return b.node("Compress", [x, condition], (x.dtype, [None] * x.rank), axis=axis)


def non_zero(b):
    made = b.node("NonZero", [b.const(draw_array(b.rng, np.float32, [3, 5]))], (I64, [2, None]))
    return b.node("Cast", [made], (np.float32, [2, None]), to=1)


GENERATORS = {
    "Slice": slice_, "Split": split, "Pad": pad, "Concat": concat, "Reshape": reshape, "Expand": expand, "Tile": tile, "Gather": gather,
    "Gather.constant": gather_constant, "GatherElements": gather_elements, "GatherND": gather_nd, "ScatterElements": scatter_elements,
    "ScatterND": scatter_nd, "TensorScatter": tensor_scatter, "TopK": top_k, "OneHot": one_hot, "Range": range_, "Trilu": trilu,
    "ReverseSequence": reverse_sequence, "DepthToSpace": depth_space, "Transpose": transpose, "Squeeze": squeeze, "Unsqueeze": unsqueeze,
    "Flatten": flatten, "EyeLike": eye_like, "ConstantOfShape": constant_of_shape, "CenterCropPad": center_crop_pad, "Where": where,
    "Compress": compress, "NonZero": non_zero,
}
OPSET = {"TensorScatter": 24, "CenterCropPad": 18}
