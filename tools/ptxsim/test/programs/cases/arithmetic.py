"""Special functions within the ulp that their manuals state; rounding, conversions, halves and integers exactly."""
import math
from fractions import Fraction

import numpy as np

from . import Buffer, case, i32
from .numbers import elementwise, exact, fp8_code, fp8_value, from_bf16, rounded, square_root, to_bf16, wrap

BOTH = (80, 100)
NAN, INF = math.nan, math.inf


def quiet(function):
    """The function in float64, NaN and infinity without warnings."""
    def call(*inputs):
        with np.errstate(all="ignore"):
            return function(*inputs)
    return call


def ulps(values, dtype):
    """The distance of representable numbers at each value."""
    with np.errstate(all="ignore"):
        spacing = np.spacing(np.abs(values).astype(dtype)).astype(np.float64)
    return np.where(np.isfinite(values), spacing, 0)


def vector(function):
    return np.vectorize(function, otypes=[np.float64])


erf, erfc, lgamma = vector(math.erf), vector(math.erfc), vector(math.lgamma)

# Function and the largest error in ulp, as the CUDA C++ programming guide states them.
MATH_F32 = [
    (lambda x, y: np.sin(x), 2), (lambda x, y: np.cos(x), 2), (lambda x, y: np.tan(x), 4), (lambda x, y: np.exp(x), 2),
    (lambda x, y: np.log(np.abs(x)), 1), (lambda x, y: np.abs(x) ** y, 4), (lambda x, y: erf(x), 2), (lambda x, y: erfc(x), 4),
    (lambda x, y: 1 / np.sqrt(np.abs(x)), 2), (lambda x, y: np.sqrt(np.abs(x)), 0), (lambda x, y: np.tanh(x), 2), (lambda x, y: np.arctan2(x, y), 3),
    (lambda x, y: np.log1p(np.abs(x)), 1), (lambda x, y: np.expm1(x), 1), (lambda x, y: np.cbrt(x), 1), (lambda x, y: np.hypot(x, y), 3),
    (lambda x, y: np.fmod(x, y), 0), (lambda x, y: lgamma(np.abs(x)), 6), (lambda x, y: np.exp2(x), 2), (lambda x, y: np.log2(np.abs(x)), 1),
    (lambda x, y: np.log10(np.abs(x)), 2), (lambda x, y: np.arcsin(x / 32), 4), (lambda x, y: np.arccos(x / 32), 3), (lambda x, y: np.sinh(x), 3),
    (lambda x, y: x / y, 0), (lambda x, y: 1 / y, 0), (lambda x, y: np.rint(x), 0), (lambda x, y: np.trunc(x), 0), (lambda x, y: np.floor(x), 0),
    (lambda x, y: np.ceil(x), 0), (lambda x, y: np.copysign(np.floor(np.abs(x) + 0.5), x), 0), None, (lambda x, y: np.copysign(y, x), 0),
    (lambda x, y: np.maximum(x - y, 0), 0), None, (lambda x, y: erfc(-x / math.sqrt(2)) / 2, 5),
]


def near(table, x, y, dtype, slack):
    """Expectations and absolute tolerances of a table of functions."""
    expected = np.stack([quiet(f)(x.astype(np.float64), y.astype(np.float64)) for f, _ in table])
    stored = expected.astype(dtype)
    tolerance = np.stack([ulps(e, dtype) * (u + (slack if u else 0)) for e, (_, u) in zip(expected, table)])
    return stored, tolerance


def some_floats(rng, n, dtype):
    x = (rng.standard_normal(n) * rng.choice([0.01, 1, 8], n)).astype(dtype)
    y = (rng.standard_normal(n) * rng.choice([0.3, 3], n)).astype(dtype)
    x[:6], y[:6] = [0.5, 1, -1, 2, 30, -0.25], [1, -1, 0.5, 3, 2, -2]
    return np.clip(x, -31, 31), y


@case("math", grid=2, block=128, archs=BOTH)
def math_f32(rng):
    n = 250
    x, y = some_floats(rng, n, np.float32)
    table = list(MATH_F32)
    table[31] = (lambda a, b: elementwise(lambda p, q: rounded(Fraction(p) * Fraction(q) + 1), a, b), 0)
    table[34] = (lambda a, b: elementwise(math.remainder, a, b), 0)
    expected, tolerance = near(table, x, y, np.float32, 1)
    # The guide bounds the relative error of results far from nought; close to a zero of the function it bounds the absolute one.
    tolerance[17] += 1e-6
    return [Buffer("xs", x), Buffer("ys", y), Buffer("out", np.zeros_like(expected), expected, tolerance), i32("n", n)]


@case("math", grid=2, block=128, archs=BOTH)
def math_f64(rng):
    n = 250
    x, y = some_floats(rng, n, np.float64)
    table = [(lambda a, b: np.sin(a), 2), (lambda a, b: np.cos(a), 2), (lambda a, b: np.exp(a), 1), (lambda a, b: np.log(np.abs(a)), 1),
             (lambda a, b: np.abs(a) ** b, 2), (lambda a, b: erf(a), 2), (lambda a, b: 1 / np.sqrt(np.abs(a)), 1), (lambda a, b: np.sqrt(np.abs(a)), 0),
             (lambda a, b: a / b, 0), (lambda a, b: 1 / b, 0), (lambda a, b: np.tanh(a), 1), (lambda a, b: np.arctan(a), 2), (lambda a, b: np.cbrt(a), 1),
             (lambda a, b: np.fmod(a, b), 0), (lambda a, b: elementwise(lambda p, q: rounded(Fraction(p) * Fraction(q) + 1, "f64"), a, b), 0),
             (lambda a, b: np.rint(a), 0), (lambda a, b: lgamma(np.abs(a)), 4), (lambda a, b: np.fmin(a, b) + 3 * np.fmax(a, b), 0)]
    expected, tolerance = near(table, x, y, np.float64, 2)
    tolerance[16] += 1e-15
    tolerance[17] = np.maximum(ulps(3 * np.fmax(x, y), np.float64), ulps(expected[17], np.float64))  # contracted or not
    return [Buffer("xs", x), Buffer("ys", y), Buffer("out", np.zeros_like(expected), expected, tolerance), i32("n", n)]


@case("math", grid=2, block=128, archs=BOTH)
def math_fast(rng):
    n = 250
    x, y = some_floats(rng, n, np.float32)
    x = np.clip(x, -3, 3)  # __sinf and __cosf are stated for [-pi, pi]
    table = [(lambda a, b: np.sin(a), 0), (lambda a, b: np.cos(a), 0), (lambda a, b: np.exp(a), 0), (lambda a, b: np.log(np.abs(a)), 0),
             (lambda a, b: np.abs(a) ** b, 0), (lambda a, b: a / b, 2), (lambda a, b: np.tanh(a), 0), (lambda a, b: 1 / b, 1),
             (lambda a, b: np.sqrt(np.abs(a)), 2), (lambda a, b: 1 / np.sqrt(np.abs(a)), 3), (lambda a, b: np.exp2(a), 2),
             (lambda a, b: np.log2(np.abs(a)), 0), (lambda a, b: a / b, 2)]
    expected, tolerance = near(table, x, y, np.float32, 0)
    exponential = ulps(expected[2], np.float32)
    tolerance[0], tolerance[1] = 2**-20.5, 2**-20.5
    tolerance[2] = exponential * (2 + np.floor(np.abs(1.173 * x)))
    tolerance[3] = np.maximum(2**-21.41, 3 * ulps(expected[3], np.float32))
    power = np.abs(y.astype(np.float64)) * np.maximum(np.abs(np.log2(np.abs(x))), 1) + 2
    tolerance[4] = np.abs(expected[4]) * power * 2**-21
    tolerance[6] = np.abs(expected[6]) * 2**-10.987
    tolerance[11] = np.maximum(2**-22, 2**-22 * np.abs(expected[11]))
    return [Buffer("xs", x), Buffer("ys", y), Buffer("out", np.zeros_like(expected), expected, tolerance), i32("n", n)]


@case("math", grid=2, block=128, archs=BOTH)
def rounding(rng):
    n = 200
    x = (rng.standard_normal(n) * 2.0 ** rng.integers(-20, 20, n)).astype(np.float32)
    y = (rng.standard_normal(n) * 2.0 ** rng.integers(-20, 20, n)).astype(np.float32)
    x[:8] = [1e-38, 1e-40, 3e38, -3e38, 1, 1, 0.3, 1.5]
    y[:8] = [0.4, 3, 2e38, 1e5, 3, 2.0**-24, 0.7, -1e-45]
    a, b = [exact(v) for v in x], [exact(v) for v in y]
    modes = ("rn", "rz", "ru", "rd")
    rows = [[rounded(f(p, q), "f32", m) for p, q in zip(a, b)]
            for f in (lambda p, q: p + q, lambda p, q: p * q, lambda p, q: p * q + p, lambda p, q: p / q) for m in modes]
    rows += [[square_root(abs(p), "f32", m) for p in a] for m in modes]
    rows += [[rounded(1 / q, "f32", m) for q in b] for m in modes]
    wide = [rounded(p * q + exact(rounded(exact(1e-9) * q, "f64")), "f64") for p, q in zip(a, b)]  # contracted to one fma
    rows += [[rounded(exact(w), "f32", m) for w in wide] for m in modes]
    rows += [np.clip(x, 0, 1)]
    expected = np.array(rows, np.float64).astype(np.float32)
    return [Buffer("xs", x), Buffer("ys", y), Buffer("out", np.zeros_like(expected), expected), i32("n", n)]


def to_integer(value, mode, bits, signed, source_bits):
    """As PTX converts: clamped; NaN gives nought, or only the highest bit where 64-bit types take part."""
    if math.isnan(value):
        result = 1 << (bits - 1) if 64 in (bits, source_bits) else 0
        return wrap(result, bits, signed)
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    if math.isinf(value):
        return high if value > 0 else low
    v = Fraction(value)
    whole = {"rn": round, "rz": math.trunc, "ru": math.ceil, "rd": math.floor}[mode](v)
    return min(max(whole, low), high)


def float_bits(value):
    return wrap(int(np.float32(value).view(np.uint32)), 32, True)


def double_bits(value):
    return int(np.float64(value).view(np.int64))


@case("math", grid=1, block=128, archs=BOTH)
def conversions(rng):
    n = 120
    x = (rng.standard_normal(n) * 2.0 ** rng.integers(-3, 70, n)).astype(np.float32)
    d = rng.standard_normal(n) * 2.0 ** rng.integers(-3, 70, n)
    special = [NAN, INF, -INF, 0.5, 1.5, -0.5, -2.5, 2147483648.0, -2147483648.0, 4294967296.0, 1e30, -0.0, 0.49999997]
    x[:13], d[:13] = special, special
    integers = rng.integers(-1 << 62, 1 << 62, n) >> rng.integers(0, 60, n)
    integers[:4] = [-1, 0, (1 << 53) + 1, -(1 << 63)]

    def rows(x, d, v):
        u = v & ((1 << 64) - 1)
        low = wrap(v, 32, True)
        return [to_integer(x, "rn", 32, True, 32), to_integer(x, "rz", 32, True, 32), to_integer(x, "ru", 32, True, 32), to_integer(x, "rd", 32, True, 32),
                to_integer(x, "rz", 32, False, 32), to_integer(x, "rz", 64, True, 32), wrap(to_integer(x, "rz", 64, False, 32), 64, True),
                to_integer(d, "rn", 32, True, 64), to_integer(d, "rd", 64, True, 64), wrap(to_integer(d, "ru", 64, False, 64), 64, True),
                float_bits(rounded(Fraction(v))), float_bits(rounded(Fraction(v), "f32", "rz")), float_bits(rounded(Fraction(u), "f32", "ru")),
                double_bits(rounded(Fraction(v), "f64", "rd")), double_bits(rounded(Fraction(u), "f64")), float_bits(rounded(Fraction(low), "f32", "rz")),
                double_bits(x), wrap(v, 8, True), wrap(v, 16)]
    expected = np.array([rows(float(a), float(b), int(c)) for a, b, c in zip(x, d, integers)], np.int64).T.copy()
    expected[16][np.isnan(x)] = 0x7FF8000000000000
    return [Buffer("xs", x), Buffer("ds", d), Buffer("ls", integers), Buffer("out", np.zeros_like(expected), expected), i32("n", n)]


def special(function):
    """A function of Fractions, or of floats where an operand is not finite."""
    def call(*values):
        if all(math.isfinite(v) for v in values):
            return function(*(Fraction(v) for v in values))
        with np.errstate(all="ignore"):
            result = function(*(np.float64(v) for v in values))
        return result
    return call


def half_function(function, format):
    def call(*values):
        result = special(function)(*values)
        return rounded(result, format) if isinstance(result, Fraction) else float(result)
    return call


def relu(v):
    return v if math.isnan(v) else max(v, 0.0)


def saturate(v):
    return 0.0 if math.isnan(v) else min(max(v, 0.0), 1.0)


def halves(rng, n):
    x, y = (rng.standard_normal((n, 2)) * 2.0 ** rng.integers(-6, 7, (n, 2)) for _ in range(2))
    odd = [INF, -INF, NAN, 0.0, 60000.0, 6e-8, 1e-5, -0.3]
    x[:8, 0], y[3:11, 1] = odd, odd
    y[:2, 0] = 2, NAN
    return x, y


@case("half", grid=1, block=128, archs=(80, 90, 100))
def half_packed(rng):
    n = 96
    x, y = (v.astype(np.float16) for v in halves(rng, n))
    y[8, 1], y[6, 1] = 3, 2

    def apply(function, *inputs):
        return elementwise(function, *inputs).reshape(n, 2).astype(np.float16)
    def rn(function):
        return half_function(function, "f16")
    add, product = rn(lambda a, b: a + b), rn(lambda a, b: a * b + a)
    with np.errstate(all="ignore"):
        wide = x.astype(np.float64)
        mask = np.where((x > y), np.uint16(0xFFFF), np.uint16(0)).view(np.float16)
        rows = [apply(add, x, y), apply(rn(lambda a, b: a - b), x, y), apply(rn(lambda a, b: a * b), x, y), apply(product, x, y), np.fmin(x, y),
                np.fmax(x, y), -x, np.abs(x), mask, (x <= y).astype(np.float16), apply(lambda a, b: saturate(add(a, b)), x, y),
                apply(lambda a, b: relu(product(a, b)), x, y), (wide / y.astype(np.float64)).astype(np.float16), np.exp2(wide).astype(np.float16),
                np.sqrt(np.abs(wide)).astype(np.float16), np.rint(x), x[:, ::-1],
                np.stack([apply(add, np.stack([x[:, 0], x[:, 0]], 1), np.stack([y[:, 1], y[:, 1]], 1))[:, 0], np.zeros(n, np.float16)], 1),
                np.maximum(x, y), np.tanh(wide).astype(np.float16)]
    expected = np.stack(rows)
    tolerance = np.zeros(expected.shape)
    for k, allowed in ((12, 1), (13, 2), (14, 1)):
        tolerance[k] = allowed * ulps(expected[k].astype(np.float64), np.float16)
    tolerance[19] = 2**-10
    return [Buffer("xs", x), Buffer("ys", y), Buffer("out", np.zeros_like(expected), expected, tolerance), i32("n", n)]


@case("half", grid=1, block=128, archs=(80, 90, 100))
def bf16_packed(rng):
    n = 96
    x, y = (from_bf16(to_bf16(np.nan_to_num(v, nan=1.25))) for v in halves(rng, n))

    def apply(function):
        with np.errstate(all="ignore"):
            return to_bf16(np.nan_to_num(elementwise(half_function(function, "bf16"), x, y), nan=NAN).reshape(n, 2).astype(np.float32))
    fma = half_function(lambda a, b: a * b + a, "bf16")
    with np.errstate(all="ignore"):
        mask = np.where(x > y, np.uint16(0xFFFF), np.uint16(0))
        rows = [apply(lambda a, b: a + b), apply(lambda a, b: a - b), apply(lambda a, b: a * b), apply(lambda a, b: a * b + a), to_bf16(np.fmin(x, y)),
                to_bf16(np.fmax(x, y)), to_bf16(-x), to_bf16(np.abs(x)), mask, to_bf16(elementwise(lambda a, b: relu(fma(a, b)), x, y).reshape(n, 2))]
    expected = np.stack(rows)
    not_a_number = from_bf16(expected) != from_bf16(expected)
    not_a_number[8] = False
    expected[not_a_number] = 0x7FFF  # the one NaN that arithmetic makes
    return [Buffer("xs", to_bf16(x)), Buffer("ys", to_bf16(y)), Buffer("out", np.zeros_like(expected), expected, bfloat16=True), i32("n", n)]


def f16_bits(value):
    return int(np.float16(value).view(np.uint16))


def bf16_bits(value):
    return int(to_bf16(np.float32(value)))


@case("half", grid=1, block=256, archs=(90, 100))
def half_conversions(rng):
    n = 256
    x = (rng.standard_normal(n) * 2.0 ** rng.integers(-20, 14, n)).astype(np.float32)
    x[:10] = [0, -0.0, 1, 65519, 65520, 1e-7, 2.0**-25, 448, 464, 1e5]

    def rows(i, v):
        e = exact(v)
        h, b = rounded(e, "f16"), rounded(e, "bf16")
        twice_h, twice_b = rounded(2 * e, "f16"), rounded(2 * e, "bf16")
        zero = -0.0 if np.signbit(np.float32(v)) else 0.0

        def half(value):
            return f16_bits(value if value else math.copysign(0.0, v))
        whole = math.trunc(v)
        tf32 = int(np.float32(rounded(e, "tf32", "rna") or zero).view(np.uint32))
        plain = [half(h), half(rounded(e, "f16", "rz")), half(rounded(e, "f16", "ru")), half(rounded(e, "f16", "rd")), bf16_bits(b or zero),
                 bf16_bits(rounded(e, "bf16", "rz") or zero), half(h) | half(twice_h) << 16, bf16_bits(b or zero) | bf16_bits(twice_b or zero) << 16,
                 int(np.float32(h or zero).view(np.uint32)), int(np.float32(b or zero).view(np.uint32)), to_integer(h, "rn", 32, True, 16),
                 to_integer(h, "rz", 32, True, 16), f16_bits(rounded(Fraction(whole), "f16")), to_integer(h, "rd", 16, True, 16), tf32,
                 f16_bits(max(0.0, h)) << 16 | f16_bits(max(0.0, -h))]
        code = (i * 257 + 3) & 0xFFFF

        def pair(format):
            return [0x7FFF if math.isnan(value) else f16_bits(value) for value in (fp8_value(code & 0xFF, format), fp8_value(code >> 8, format))]
        narrow = [fp8_code(v, "e4m3"), fp8_code(v, "e5m2")] + [lo | hi << 16 for lo, hi in (pair("e4m3"), pair("e5m2"))]
        return [r & 0xFFFFFFFF for r in plain + narrow]
    expected = np.array([rows(i, float(v)) for i, v in enumerate(x)], np.uint32).T.copy()
    return [Buffer("xs", x), Buffer("out", np.zeros_like(expected), expected), i32("n", n)]


# Builds for sm_80 have no fp8: their last rows stay as they were.
@case("half", grid=1, block=256, entry="half_conversions", name="half_conversions_80")
def half_conversions_80(rng):
    xs, out, n = half_conversions(rng)
    kept = out.expected.copy()
    kept[16:] = 0
    return [xs, Buffer("out", np.zeros_like(kept), kept), n]
