"""Integer instructions, exactly, in Python's integers."""
import numpy as np

from . import Buffer, case, i32
from .numbers import wrap

U32, U64 = (1 << 32) - 1, (1 << 64) - 1


def s32(v):
    return wrap(v, 32, True)


def truncated(a, b):
    """Quotient and remainder as C has them; nought for what the programs leave out."""
    if b in (0, -1):
        return 0, 0
    q = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
    return q, a - q * b


def byte(v, i):
    return v >> (8 * i) & 0xFF


def permute(a, b, selector):
    pool = [byte(a, i) for i in range(4)] + [byte(b, i) for i in range(4)]
    result = 0
    for i in range(4):
        s = selector >> (4 * i) & 15
        v = pool[s & 7]
        result |= ((0xFF if v & 0x80 else 0) if s & 8 else v) << (8 * i)
    return result


MODES = {"f4e": [(3, 2, 1, 0), (4, 3, 2, 1), (5, 4, 3, 2), (6, 5, 4, 3)], "b4e": [(5, 6, 7, 0), (6, 7, 0, 1), (7, 0, 1, 2), (0, 1, 2, 3)],
         "rc8": [(i,) * 4 for i in range(4)], "ecl": [(3, 2, 1, 0), (3, 2, 1, 1), (3, 2, 2, 2), (3, 3, 3, 3)],
         "ecr": [(0, 0, 0, 0), (1, 1, 1, 0), (2, 2, 1, 0), (3, 2, 1, 0)], "rc16": [(1, 0, 1, 0), (3, 2, 3, 2)] * 2}


def permute_mode(a, b, c, mode):
    selector = 0
    for s in MODES[mode][c & 3]:
        selector = selector << 4 | s
    return permute(a, b, selector)


def extract(a, position, length, bits, signed):
    position, length = position & 0xFF, length & 0xFF
    if length == 0:
        return 0
    msb = bits - 1
    sign = 0 if not signed else a >> min(position + length - 1, msb) & 1
    result = 0
    for i in range(bits):
        result |= (a >> (i + position) & 1 if i < length and i + position <= msb else sign) << i
    return result


def insert(a, b, position, length, bits):
    position, length = position & 0xFF, length & 0xFF
    for i in range(length):
        if position + i < bits:
            b = b & ~(1 << (position + i)) | (a >> i & 1) << (position + i)
    return b


def find_lead(v, bits, signed, shift=False):
    if signed and v >> (bits - 1):
        v = ~v & ((1 << bits) - 1)
    if v == 0:
        return U32
    return bits - v.bit_length() if shift else v.bit_length() - 1


def find_nth(mask, base, offset):
    if offset == 0:
        return base if mask >> base & 1 else U32
    lanes = range(base, 32) if offset > 0 else range(base, -1, -1)
    found = [i for i in lanes if mask >> i & 1]
    return found[abs(offset) - 1] if len(found) >= abs(offset) else U32


def lop3(a, b, c, table):
    result = 0
    for i in range(32):
        result |= (table >> ((a >> i & 1) << 2 | (b >> i & 1) << 1 | (c >> i & 1)) & 1) << i
    return result


def dots(a, b, signed, start, count=4, step=1, width_a=8):
    total = start
    for i in range(count):
        x, y = a >> (width_a * i) & ((1 << width_a) - 1), b >> (8 * i * step) & 0xFF
        total += (wrap(x, width_a, True) * wrap(y, 8, True)) if signed else x * y
    return total


def low24(v, signed):
    return wrap(v, 24, signed)


def clamp32(v):
    return min(max(v, -1 << 31), (1 << 31) - 1)


def mask_bits(position, length, clamp):
    if not clamp:
        position, length = position & 31, length & 31
    position, length = min(position, 32), min(length, 32)
    return (((1 << length) - 1) << position) & U32


def extend(v, width, signed, clamp):
    if clamp and width >= 32:
        return v
    width &= 31
    if width == 0:
        return 0
    return wrap(v, width, signed)


def rows_32(x, y):
    sx, sy = s32(x), s32(y)
    position, length = y & 255, x >> 24
    shift, left, right = y & 63, x & 63, y & 63
    wide = y << 32 | x  # __funnelshift takes its low word first
    q, r = truncated(sx, sy)
    hi_s = clamp32((sx * sy >> 32) + sx)
    xy = (x + y) & U32
    return [
        low24(x, True) * low24(y, True), low24(x, False) * low24(y, False), sx * sy >> 32, x * y >> 32, abs(x - y) + 5, abs(sx - sy) + 7,
        32 - x.bit_length(), (x & -x).bit_length(), bin(x).count("1"), int(f"{x:032b}"[::-1], 2), permute(x, y, 0x5140), permute(x, y, 0xB0F3),
        (wide << (left & 31)) >> 32, wide >> (right & 31), (wide << min(left, 32)) >> 32, wide >> min(right, 32),
        x // y if y else 0, x % y if y else 0, q, r, dots(x, y, True, 100), dots(x, y, False, 100), dots(x, y, True, -3, 2, 1, 16),
        dots(x, y >> 16, True, -3, 2, 1, 16), (sx + sy) >> 1, (x + y) >> 1, min(x, y) ^ (max(sx, sy) & U32),
        extract(x, position, length, 32, False), extract(x, position, length, 32, True), insert(x, y, x & 63, y & 63, 32), find_lead(x, 32, False),
        find_lead(x, 32, True), find_lead(x, 32, False, True), find_nth(x, y & 31, 3), find_nth(x, y & 31, -2), lop3(x, y, xy, 0x96), lop3(x, y, xy, 0x1B),
        x << shift if shift < 32 else 0, x >> min(shift, 32), sx >> min(shift, 31), clamp32(sx + sy), clamp32(sx - sy), (x * y >> 32) + x, hi_s,
        low24(x, True) * low24(y, True) + x, (low24(x, False) * low24(y, False) >> 16) + x,
        *(permute_mode(x, y, x, m) for m in ("f4e", "b4e", "rc8", "ecl", "ecr", "rc16")), mask_bits(x & 63, y & 63, True), mask_bits(x & 63, y & 63, False),
        extend(x, y & 63, True, True), extend(x, y & 63, False, False), not x & 1, max(sx, 0), min(max(sx, -128), 127), min(x, 65535),
        x if sx < sy else y, 11 if x > y else 22, U32 if sx >= sy else 0, x if s32(x ^ y) >= 0 else y]


def pairs(rng, n, bits):
    x, y = (rng.integers(0, 1 << 63, n, dtype=np.uint64) * 2 + rng.integers(0, 2, n, dtype=np.uint64) for _ in range(2))
    x, y = ([int(v) & ((1 << bits) - 1) for v in values] for values in (x, y))
    top = 1 << (bits - 1)
    edges = [0, 1, top - 1, top, 2 * top - 1, 2, 31, 32, 33, 3]
    x[:10], y[4:14] = edges, edges
    return [v >> (3 * i % (bits - 4)) for i, v in enumerate(x)] if bits > 16 else x, y


def exactly(rows, count, x, y, dtype):
    size = np.dtype(dtype).itemsize * 8
    expected = np.array([[wrap(int(v), size, np.dtype(dtype).kind == "i") for v in rows(a, b)] for a, b in zip(x, y)], dtype).T.copy()
    assert expected.shape[0] == count
    return Buffer("out", np.zeros_like(expected), expected)


@case("integer", grid=2, block=64, archs=(80, 100))
def integers_32(rng):
    x, y = pairs(rng, 120, 32)
    return [Buffer("xs", np.array(x, np.uint32)), Buffer("ys", np.array(y, np.uint32)), exactly(rows_32, 64, x, y, np.uint32), i32("n", 120)]


def rows_64(x, y):
    sx, sy = wrap(x, 64, True), wrap(y, 64, True)
    q, r = truncated(sx, sy)
    lx, ly = x & U32, y & U32
    a, b = y & 127, x & 127
    total, difference = x + y, x - y
    return [
        x * y, x * y >> 64, sx * sy >> 64, x // y if y else 0, x % y if y else 0, q, r, 64 - x.bit_length(), bin(x).count("1"), int(f"{x:064b}"[::-1], 2),
        (x & -x).bit_length(), lx * ly, s32(x) * s32(y), lx * ly + x, s32(x) * s32(y) + x, (x & 0xFFFF) * (y & 0xFFFF), extract(x, a, b, 64, False),
        extract(x, a, b, 64, True), insert(x, y, b, a, 64), (total & U64) ^ ((x + (total >> 64)) & U64) * 3,
        (difference & U64) ^ ((x - (difference < 0)) & U64) * 3, x * y, x * y >> 64, x << (y % 64 if a else 1), sx >> y % 64,
        min(x, y) ^ (max(sx, sy) & U64), find_lead(x, 64, False), x << a if a < 64 else 0, sx >> min(a, 63)]


@case("integer", grid=2, block=64, archs=(80, 100))
def integers_64(rng):
    x, y = pairs(rng, 120, 64)
    return [Buffer("xs", np.array(x, np.uint64)), Buffer("ys", np.array(y, np.uint64)), exactly(rows_64, 29, x, y, np.uint64), i32("n", 120)]


def rows_16(x, y):
    sx, sy = wrap(x, 16, True), wrap(y, 16, True)
    quotient = (abs(sx) // abs(sy) * (1 if (sx < 0) == (sy < 0) else -1)) if y else 0  # in 32 bits: -32768 / -1 fits
    return [wrap(sx + sy, 16, True), wrap(sx * sy, 16, True), x >> (y & 15), quotient, x % y if y else 0, sx * sy >> 16, wrap(sx * sy + sx, 16, True),
            min(sx, sy), wrap(max(x, y), 16, True), wrap(x, 8, True) * (y & 0xFF), wrap(x << (y & 31) if (y & 31) < 16 else 0, 16, True), wrap(abs(sx), 16, True)]


@case("integer", grid=2, block=64, archs=(80, 100))
def integers_16(rng):
    x, y = pairs(rng, 120, 16)
    return [Buffer("xs", np.array(x, np.uint16).view(np.int16)), Buffer("ys", np.array(y, np.uint16).view(np.int16)), exactly(rows_16, 12, x, y, np.int32), i32("n", 120)]
