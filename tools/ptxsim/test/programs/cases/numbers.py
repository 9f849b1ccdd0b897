"""Number formats that numpy lacks, exact rounding, and integers of a fixed width."""
from fractions import Fraction

import numpy as np

FORMATS = {"f64": (53, -1022, 1023), "f32": (24, -126, 127), "f16": (11, -14, 15), "bf16": (8, -126, 127), "tf32": (11, -126, 127)}


def to_bf16(x):
    """float32 to bfloat16, to nearest even; not for NaN."""
    with np.errstate(over="ignore"):
        bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def from_bf16(x):
    return (np.asarray(x, np.uint16).astype(np.uint32) << 16).view(np.float32)


def exact(x):
    return Fraction(float(x))


def rounded(value, format="f32", mode="rn"):
    """A Fraction, rounded once, as a float that is exactly the result. Modes: rn, rz, ru (up), rd (down), rna (half away from nought)."""
    precision, smallest, largest = FORMATS[format]
    if value == 0:
        return 0.0
    sign, magnitude = (-1, -value) if value < 0 else (1, value)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if Fraction(2) ** exponent > magnitude:
        exponent -= 1
    unit = Fraction(2) ** (max(exponent, smallest) - precision + 1)
    whole, rest = divmod(magnitude / unit, 1)
    up = {"rn": rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1), "rna": rest >= Fraction(1, 2), "rz": False,
          "ru": rest > 0 and sign > 0, "rd": rest > 0 and sign < 0}[mode]
    result = (whole + up) * unit
    top = (2 - Fraction(2) ** (1 - precision)) * Fraction(2) ** largest
    if result > top:
        finite = mode == "rz" or (mode == "ru" and sign < 0) or (mode == "rd" and sign > 0)
        return sign * (float(top) if finite else np.inf)
    return sign * float(result)


def square_root(value, format="f32", mode="rn"):
    """The root of a Fraction, rounded once: that of a number of 200 bits more, which is only exact if the root is."""
    import math
    if value == 0:
        return 0.0
    shift = Fraction(4) ** 400
    scaled = value * shift
    root = math.isqrt(scaled.numerator // scaled.denominator)
    remainder = root * root != scaled
    return rounded((Fraction(root) + (Fraction(1, 2) if remainder else 0)) / Fraction(2) ** 400, format, mode)


def elementwise(function, *inputs):
    """Calls a function of Python numbers for each element."""
    return np.array([function(*values) for values in zip(*(np.asarray(i).ravel().tolist() for i in inputs))])


def wrap(value, bits, signed=False):
    value &= (1 << bits) - 1
    return value - (1 << bits) if signed and value >> (bits - 1) else value


FP8 = {"e4m3": (3, 7, 0x7E), "e5m2": (2, 15, 0x7B)}  # mantissa bits, bias, largest finite code


def fp8_value(code, format):
    mantissa, bias, largest = FP8[format]
    sign, code = (-1.0 if code & 0x80 else 1.0), code & 0x7F
    if code > largest:
        return sign * np.inf if format == "e5m2" and code == 0x7C else np.nan
    exponent, fraction = code >> mantissa, code & ((1 << mantissa) - 1)
    if exponent == 0:
        return sign * fraction * 2.0 ** (1 - bias - mantissa)
    return sign * (1 + fraction / (1 << mantissa)) * 2.0 ** (exponent - bias)


def fp8_code(x, format):
    """The nearest, ties to even, what is too large to the largest."""
    if np.isnan(x):
        return 0x7F
    values = np.array([fp8_value(c, format) for c in range(FP8[format][2] + 1)])
    distance = np.abs(values - min(abs(x), values[-1]))
    nearest = np.flatnonzero(distance == distance.min())
    code = next((int(c) for c in nearest if c % 2 == 0), int(nearest[0])) if len(nearest) > 1 else int(nearest[0])
    return code | (0x80 if np.signbit(x) else 0)
