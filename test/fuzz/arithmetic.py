"""Generators of operators that compute: element by element, products, windows, reductions, norms. Each takes a Builder and returns a value."""
import numpy as np

from movement import known

I64 = np.int64
F32 = np.float32

# Rounding decides nothing in these; in the others it does.
EXACT_UNARY = ["Relu", "Neg", "Abs", "Identity", "Sign", "Floor", "Ceil", "Round", "HardSwish", "Not"]
ROUNDED_UNARY = ["Exp", "Tanh", "Sigmoid", "Erf", "Softplus", "Cos", "Atan", "Mish", "Softsign", "Sqrt", "Reciprocal"]


def unary(b):
    op = b.pick(*EXACT_UNARY, *ROUNDED_UNARY)
    if op == "Not":
        x = b.take(1, 3, np.bool_)
        return b.node("Not", [x], (np.bool_, x.dims))
    discrete = op in ("Sign", "Floor", "Ceil", "Round")
    x = b.take(1, 4, exact=discrete)
    if op == "Sqrt":
        x = b.node("Abs", [x], (x.dtype, x.dims))
    return b.node(op, [x], (x.dtype, x.dims, op in EXACT_UNARY), tolerance=2e-5)


def partner(b, x, dtype=None):
    """Something to broadcast with: the same dimensions, 1, other symbols, fewer dimensions, or more."""
    dims = [d if d is not None and b.chance(0.6) else b.pick(1, b.dim()) for d in x.dims]
    dims = dims[b.int(0, len(dims)) if b.chance(0.3) else 0 :]
    if len(dims) == x.rank and x.rank < 4 and b.chance(0.15):
        dims = [b.dim(), *dims]
    return b.data(dims, dtype or x.dtype)


def broadcast_dims(x, y):
    rank = max(x.rank, y.rank)
    pairs = zip([1] * (rank - x.rank) + x.dims, [1] * (rank - y.rank) + y.dims)
    return [p if p == q else p if q == 1 else q if p == 1 else None for p, q in pairs]


def binary(b):
    op = b.pick("Add", "Sub", "Mul", "Div", "Max", "Min", "PRelu", "Add", "Mul", "Pow", "Mod")
    dtype = F32 if op in ("PRelu", "Pow", "Div") else b.pick(F32, F32, F32, np.int32, I64)
    x = b.take(1, 4, dtype, exact=op == "Mod")
    if op == "PRelu":
        y = b.data([d if d is not None and b.chance(0.7) else 1 for d in x.dims][b.int(0, x.rank - 1) :])
        return b.node(op, [x, y], (x.dtype, x.dims))
    y = partner(b, x)
    if op == "Div":
        y = b.node("Add", [y, b.const(np.array(5, dtype))], (dtype, y.dims))
    if op == "Pow":
        x, y = b.node("Abs", [x], (dtype, x.dims)), b.const(np.array(b.pick(2, 0.5, 3, 1), dtype))
    attributes = {"fmod": 1} if op == "Mod" and dtype == F32 else {}
    if op == "Mod":
        y = b.const(np.array(b.pick(3, 2, -2), dtype))
    operands = [x, y] if op in ("PRelu", "Pow", "Div", "Mod", "Sub") or b.chance(0.6) else [y, x]
    return b.node(op, operands, (dtype, broadcast_dims(x, y), op not in ("Div", "Pow", "Mul")), **attributes)


def many(b):
    x = b.take(1, 3)
    operands = [x, partner(b, x), partner(b, x)]
    op = b.pick("Sum", "Mean", "Max", "Min")
    return b.node(op, operands, (x.dtype, [None] * max(o.rank for o in operands), op != "Mean"))


def compare(b):
    x = b.take(1, 3, exact=True)
    y = partner(b, x)
    found = b.node(b.pick("Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"), [x, y], (np.bool_, broadcast_dims(x, y)))
    if b.chance(0.5):
        z = b.data([d if d is not None and b.chance(0.6) else 1 for d in found.dims], np.bool_)
        found = b.node(b.pick("And", "Or", "Xor"), [found, z], (np.bool_, broadcast_dims(found, z)))
    return b.node("Cast", [found], (F32, found.dims), to=1)


def cast(b):
    x = b.take(1, 4, exact=True)
    number, dtype = b.pick((6, np.int32), (7, I64), (11, np.float64), (10, np.float16), (9, np.bool_), (3, np.int8))
    y = b.node("Cast", [x], (dtype, x.dims), to=number)
    return b.node("Cast", [y], (F32, x.dims), to=1)


def clip(b):
    x = b.take(1, 4)
    low, high = (b.const(np.array(v, F32)) if b.chance(0.7) else b.input(F32, []) for v in (-1, 1))
    return b.node("Clip", [x, b.pick(low, None), high], (x.dtype, x.dims))


def matmul(b):
    x = b.take(1, 4)
    inner = x.dims[-1] if x.dims[-1] is not None and b.chance(0.85) else b.dim()
    columns = b.dim()
    batch = [d if d is not None and b.chance(0.6) else b.pick(1, b.dim()) for d in x.dims[:-2]]
    dims = b.pick([inner, columns], [*batch, inner, columns], [inner])
    y = b.data(dims)
    swapped = x.rank >= 2 and b.chance(0.3)
    if swapped:
        y = b.data([*batch, b.dim(), x.dims[-2] if x.dims[-2] is not None else b.dim()])
    operands = [y, x] if swapped else [x, y]
    rank = max(len(batch), 0) + 2 if min(x.rank, y.rank) > 1 else max(x.rank, y.rank) - 1
    rank = max(x.rank, y.rank) if min(x.rank, y.rank) > 1 else rank
    out = b.node("MatMul", operands, (F32, [None] * rank, False))
    return b.node("Add", [out, b.data([columns])], (F32, [None] * max(rank, 1), False)) if b.chance(0.3) and rank else out


def gemm(b):
    x = b.take(2)
    trans_a, trans_b = b.int(0, 1), b.int(0, 1)
    inner = x.dims[0 if trans_a else 1]
    inner = inner if inner is not None and b.chance(0.85) else b.dim()
    rows, columns = x.dims[1 if trans_a else 0], b.dim()
    y = b.data([columns, inner] if trans_b else [inner, columns])
    operands = [x, y]
    if b.chance(0.6):
        row = rows if rows is not None else 1
        operands.append(b.data(b.pick([columns], [1, columns], [row, 1], [row, columns], [], [1], [b.dim(), columns])))
    return b.node("Gemm", operands, (F32, [rows, columns], False), transA=trans_a, transB=trans_b, alpha=b.pick(None, 0.5), beta=b.pick(None, 2.0))


def einsum(b):
    equation, ranks = b.pick(("ij,jk->ik", (2, 2)), ("bij,bjk->bik", (3, 3)), ("i,j->ij", (1, 1)), ("ij->ji", (2,)), ("ii->i", (2,)), ("ij->", (2,)),
                             ("bhid,bhjd->bhij", (4, 4)), ("...ij,...jk->...ik", (3, 3)), ("ij,ij->i", (2, 2)), ("bij,jk->bik", (3, 2)))
    letters = {}
    operands = []
    for term, rank in zip(equation.split("->")[0].split(","), ranks):
        names = list(term.replace("...", "B" * (rank - term.count(".") // 3 * 2)))
        dims = [b.dim() if b.chance(0.08) else letters.setdefault(c, b.dim()) for c in names]
        operands.append(b.take(rank, dims=dims) if not operands else b.data(dims))
    rank = len(equation.split("->")[1].replace("...", "B"))
    return b.node("Einsum", operands, (F32, [None] * rank, False), equation=equation)


def window(b, rank):
    """Attributes of a window over `rank` dimensions."""
    kernel = [b.int(1, 4) for _ in range(rank)]
    attributes = {"strides": [b.int(1, 3) for _ in range(rank)] if b.chance(0.6) else None}
    dilations = [b.int(1, 2) for _ in range(rank)] if b.chance(0.3) else None
    if b.chance(0.25):
        attributes["auto_pad"] = b.pick("SAME_UPPER", "SAME_LOWER", "VALID")
    elif b.chance(0.6):
        attributes["pads"] = [b.int(0, k - 1) for k in kernel * 2]
    return kernel, dilations, attributes


def image(b, channels=None):
    rank = b.pick(1, 2, 2, 2, 3)
    x = b.current
    if x is not None and 3 <= x.rank <= 5 and b.chance(0.9) and x.dtype == F32:
        return b.take(3, 5)
    return b.take(rank + 2, dims=[b.dim(), channels if channels is not None else b.dim(), *[b.dim(0.85) for _ in range(rank)]])


def conv(b):
    group = b.pick(1, 1, 1, 2, 3)
    each = b.pick(1, 2, 3, 8)
    x = image(b, group * each if b.chance(0.9) else None)
    kernel, dilations, attributes = window(b, x.rank - 2)
    made = group * b.pick(1, 2, 4, 16)
    channels = each if isinstance(x.dims[1], int) or b.chance(0.7) else x.dims[1]
    weight_dims = [made, channels, *kernel]
    w = b.data(weight_dims, constant=0.8)
    operands = [x, w] + ([b.data([made], constant=0.8)] if b.chance(0.5) else [])
    return b.node("Conv", operands, (F32, [x.dims[0], made] + [None] * (x.rank - 2), False), group=group, dilations=dilations, kernel_shape=kernel,
                  **attributes)


def conv_transpose(b):
    group = b.pick(1, 1, 2)
    channels = group * b.pick(1, 2, 3)
    x = image(b, channels)
    kernel, dilations, attributes = window(b, x.rank - 2)
    made = b.pick(1, 2, 4)
    operands = [x, b.data([channels, made, *kernel], constant=0.8)] + ([b.data([group * made])] if b.chance(0.4) else [])
    strides = attributes["strides"] or [1] * (x.rank - 2)
    if any(s > k for s, k in zip(strides, kernel)):  # the standard has size * stride for SAME_*, ONNX Runtime no negative padding
        b.open_questions |= {("ConvTranspose", "wrong")} if attributes.get("auto_pad", "").startswith("SAME") else set()
    output_padding = [b.int(0, s - 1) for s in strides] if b.chance(0.3) else None
    return b.node("ConvTranspose", operands, (F32, [x.dims[0], group * made] + [None] * (x.rank - 2), False), group=group, dilations=dilations,
                  output_padding=output_padding, kernel_shape=kernel, **attributes)


def pool(b):
    op = b.pick("MaxPool", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool")
    x = image(b)
    dims = x.dims[:2] + [None] * (x.rank - 2)
    if op.startswith("Global"):
        return b.node(op, [x], (F32, dims, op == "GlobalMaxPool"))
    kernel, dilations, attributes = window(b, x.rank - 2)
    if op != "MaxPool" and b.opset < (19 if op == "AveragePool" else 18):
        dilations = None
    # ONNX Runtime and the reference have pads of their own for dilated windows, neither of them the standard's.
    b.open_questions |= {(op, "wrong")} if dilations and attributes.get("auto_pad", "").startswith("SAME") else set()
    if b.chance(0.3) and (op != "LpPool" or b.opset >= 18):
        attributes["ceil_mode"] = 1
    if op == "AveragePool":
        attributes["count_include_pad"] = b.pick(None, 1)
    if op == "MaxPool" and b.chance(0.3):
        values, _ = b.node(op, [x], (F32, dims), (I64, dims), kernel_shape=kernel, dilations=dilations, **attributes)
        return values
    return b.node(op, [x], (F32, dims, op == "MaxPool"), kernel_shape=kernel, dilations=dilations, **attributes)


def max_unpool(b):
    x = image(b)
    rank = x.rank - 2
    kernel = [b.int(1, 3) for _ in range(rank)]
    dims = x.dims[:2] + [None] * rank
    values, at = b.node("MaxPool", [x], (F32, dims), (I64, dims), kernel_shape=kernel, strides=kernel)
    return b.node("MaxUnpool", [values, at], (F32, dims), kernel_shape=kernel, strides=kernel)


def resize(b):
    x = image(b) if b.chance(0.8) else b.take(2, 3)
    mode = b.pick("nearest", "linear", "cubic") if x.rank == 4 else b.pick("nearest", "linear")
    transform = b.pick("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
    steps = [1.0] * min(x.rank - 1, 2) + [b.pick(2.0, 0.5, 1.5, 3.0) for _ in range(x.rank - min(x.rank - 1, 2))]
    attributes = dict(mode=mode, coordinate_transformation_mode=transform, nearest_mode=b.pick(None, "floor", "ceil") if mode == "nearest" else None)
    if b.opset >= 18 and mode != "nearest" and b.chance(0.15):
        attributes["antialias"] = 1
    if b.chance(0.5):
        operands = [x, None, b.const(np.array(steps, F32))]
    else:
        def sizes_of(rng, sizes):
            dims = known(sizes, x.dims)
            return dims[: x.rank - 2] + [int(rng.integers(0 if rng.random() < 0.05 else 1, 2 * n + 3)) for n in dims[x.rank - 2 :]]

        def computed():
            return b.concat([b.size(x, a, change=False) for a in range(x.rank - 1)] + [b.size(x, x.rank - 1)])

        operands = [x, None, None, b.ints(sizes_of, x.rank, computed)]
    return b.node("Resize", operands, (F32, x.dims[: x.rank - 2] + [None, None], False), tolerance=2e-4, **attributes)


def grid_sample(b):
    x = b.take(4)
    n = x.dims[0] if x.dims[0] is not None and b.chance(0.9) else b.dim()
    grid = b.input(F32, [n, b.dim(), b.dim(), 2], None)
    mode = b.pick("linear", "nearest", "cubic") if b.opset >= 20 else b.pick("bilinear", "nearest", "bicubic")
    return b.node("GridSample", [x, grid], (F32, [n, x.dims[1], *grid.dims[1:3]], False), tolerance=2e-4, mode=mode,
                  padding_mode=b.pick("zeros", "border", "reflection"), align_corners=b.int(0, 1))


def roi_align(b):
    x = b.take(4)
    count = b.dim()
    rois = b.input(F32, [count, 4], lambda rng, sizes: (rng.integers(0, 33, (sizes.of([count])[0], 4)) / 2).astype(F32))

    def batches(rng, sizes):
        n = known(sizes, [x.dims[0]])[0]
        return np.array([int(rng.integers(0, max(n, 1))) + (9 if rng.random() < 0.02 else 0) for _ in range(sizes.of([count])[0])], I64)

    return b.node("RoiAlign", [x, rois, b.input(I64, [count], batches)], (F32, [count, x.dims[1], 2, 3], False), tolerance=1e-4, output_height=2,
                  output_width=3, sampling_ratio=b.pick(0, 2), mode=b.pick("avg", "max"), spatial_scale=b.pick(1.0, 0.5))


def reduce(b):
    op = b.pick("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp")
    x = b.take(1, 4)
    axes = b.axes(x.rank, low=0)
    keep, noop = b.int(0, 1), b.pick(None, 1)
    where = [a % x.rank for a in axes] or ([] if noop else list(range(x.rank)))
    dims = [1 if i in where else d for i, d in enumerate(x.dims) if keep or i not in where]
    results = (F32, dims, op in ("ReduceMax", "ReduceMin"))
    if b.opset < 18 and op != "ReduceSum":
        return b.node(op, [x], (F32, dims if axes else [1] * x.rank if keep else [], results[2]), keepdims=keep, axes=axes or None)
    return b.node(op, [x, b.const(np.array(axes, I64))], results, keepdims=keep, noop_with_empty_axes=noop)


def arg_reduce(b):
    x = b.take(1, 4, exact=True)
    axis, keep = b.axis(x.rank), b.int(0, 1)
    dims = [1 if i == axis % x.rank else d for i, d in enumerate(x.dims) if keep or i != axis % x.rank]
    at = b.node(b.pick("ArgMax", "ArgMin"), [x], (I64, dims), axis=axis, keepdims=keep, select_last_index=b.pick(None, 1))
    return b.node("Cast", [at], (F32, dims), to=1)


def cumsum(b):
    x = b.take(1, 4)
    axis = b.axis(x.rank, outside=0.05)
    return b.node("CumSum", [x, b.const(np.array(axis))], (F32, x.dims), exclusive=b.int(0, 1), reverse=b.int(0, 1))


def softmax(b):
    op = b.pick("Softmax", "Softmax", "LogSoftmax", "Hardmax")
    x = b.take(1, 4, exact=op == "Hardmax")
    return b.node(op, [x], (F32, x.dims, op == "Hardmax"), axis=b.axis(x.rank), tolerance=2e-5)


def layer_norm(b):
    x = b.take(1, 4)
    axis = b.axis(x.rank)
    dims = [d if d is not None else b.dim() for d in x.dims[axis % x.rank :]]
    dims = dims if b.chance(0.9) else [b.dim() for _ in dims]
    if b.opset >= 23 and b.chance(0.3):
        return b.node("RMSNormalization", [x, b.data(dims)], (F32, x.dims, False), axis=axis, tolerance=1e-4)
    operands = [x, b.data(dims)] + ([b.data(dims)] if b.chance(0.6) else [])
    return b.node("LayerNormalization", operands, (F32, x.dims, False), axis=axis, tolerance=1e-4)


def channel_norm(b):
    x = image(b)
    c = x.dims[1] if x.dims[1] is not None and b.chance(0.93) else b.dim()
    op = b.pick("BatchNormalization", "InstanceNormalization", "LRN", "MeanVarianceNormalization", "LpNormalization", "GroupNormalization")
    if op == "BatchNormalization":
        mean, scale, bias = b.data([c]), b.data([c]), b.data([c])
        variance = b.node("Abs", [b.data([c])], (F32, [c]))
        return b.node(op, [x, scale, bias, mean, variance], (F32, x.dims, False), epsilon=0.5)
    if op == "InstanceNormalization":
        return b.node(op, [x, b.data([c]), b.data([c])], (F32, x.dims, False), epsilon=0.1, tolerance=1e-4)
    if op == "GroupNormalization" and b.opset >= 21:
        return b.node(op, [x, b.data([c]), b.data([c])], (F32, x.dims, False), epsilon=0.1, num_groups=b.pick(1, 2, 4), tolerance=1e-4)
    if op == "LpNormalization":
        return b.node(op, [x], (F32, x.dims, False), axis=b.axis(x.rank), p=b.int(1, 2), tolerance=1e-4)
    if op == "MeanVarianceNormalization":
        return b.node(op, [x], (F32, x.dims, False), axes=[0, *range(2, x.rank)], tolerance=1e-3)
    if x.rank != 4:  # neither oracle has LRN of other ranks
        return b.node("Softplus", [x], (F32, x.dims, False))
    return b.node("LRN", [x], (F32, x.dims, False), size=b.pick(1, 3, 5), tolerance=1e-4)


def attention(b):
    def d(value):
        return value if b.chance(0.95) else b.dim()

    batch, q_len, kv_len, width, value_width = (b.dim(0.8) for _ in range(5))
    heads = b.pick(1, 2, 4)
    kv_heads = b.pick(heads, 1)
    four = b.chance(0.6)
    width, value_width = b.pick(1, 4, 8, 16), b.pick(4, 8)
    if four:
        q, k, v = ([d(batch), heads, q_len, width], [d(batch), kv_heads, d(kv_len), width], [batch, kv_heads, kv_len, value_width])
        attributes = {}
    else:
        q, k, v = [d(batch), q_len, heads * width], [d(batch), d(kv_len), kv_heads * width], [batch, kv_len, kv_heads * value_width]
        attributes = {"q_num_heads": heads, "kv_num_heads": kv_heads}
    operands = [b.input(F32, q), b.input(F32, k), b.input(F32, v)]
    results = [(F32, [batch, heads, q_len, value_width] if four else [batch, q_len, heads * value_width], False)]
    mask = b.chance(0.4)
    past = b.chance(0.3)
    if mask or past:
        lead = b.pick([], [1], [1, 1], [batch, 1], [batch, heads], [1, heads])
        operands.append(b.data([*lead, d(q_len), b.dim() if past else d(kv_len)], b.pick(np.bool_, F32)) if mask else None)
    if past:
        before = b.dim()
        operands += [b.input(F32, [batch, kv_heads, before, width]), b.input(F32, [batch, kv_heads, d(before), value_width])]
        results += [(F32, [batch, kv_heads, None, width]), (F32, [batch, kv_heads, None, value_width])]
    made = b.node("Attention", operands, *results, is_causal=b.int(0, 1), tolerance=1e-4, **attributes)
    return made[0] if past else made


def rotary(b):
    heads, width = b.pick(1, 2), b.pick(4, 8)
    batch, length, table = b.dim(), b.dim(), b.dim()
    x = b.input(F32, [batch, heads, length, width])
    cos, sin = b.input(F32, [table, width // 2]), b.input(F32, [table, width // 2])

    def positions(rng, sizes):
        n = known(sizes, [table])[0]
        shape = sizes.of([batch, length])
        return (rng.integers(0, max(n, 1), shape) + (rng.random(shape) < 0.01) * 9).astype(I64)

    return b.node("RotaryEmbedding", [x, cos, sin, b.input(I64, [batch, length], positions)], (F32, x.dims, False), interleaved=b.int(0, 1))


GENERATORS = {
    "unary": unary, "binary": binary, "many": many, "compare": compare, "Cast": cast, "Clip": clip, "MatMul": matmul, "Gemm": gemm,
    "Einsum": einsum, "Conv": conv, "ConvTranspose": conv_transpose, "Pool": pool, "MaxUnpool": max_unpool, "Resize": resize,
    "GridSample": grid_sample, "RoiAlign": roi_align, "Reduce": reduce, "ArgReduce": arg_reduce, "CumSum": cumsum, "Softmax": softmax,
    "LayerNormalization": layer_norm, "ChannelNormalization": channel_norm, "Attention": attention, "RotaryEmbedding": rotary,
}
OPSET = {"Attention": 23, "RotaryEmbedding": 23}
