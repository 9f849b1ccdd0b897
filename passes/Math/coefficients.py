#!/usr/bin/env python3
"""Derives the minimax coefficients in Coefficients.h.

    pip install numpy mpmath
    python3 coefficients.py > Coefficients.h     # about a minute; prints each fit's largest error on stderr

Reference values come from mpmath. A fit is a weighted least-squares problem whose weights Lawson's iteration drives to
the minimax solution; unlike the Remez exchange it needs no Haar condition, so that any coefficients may be held fixed.
Coefficients are rounded to their format one at a time, the most significant first, and the rest is fitted anew each
time, so that rounding costs next to nothing.
"""
import struct
import sys

import numpy as np
from mpmath import mp, mpf

mp.dps = 40


def round_to(fmt, x):
    return struct.unpack(fmt, struct.pack(fmt, float(x)))[0]


def points_of(interval, n=1500):
    """Chebyshev-distributed points, ends included; never 0, where relative errors are 0/0."""
    a, b = map(float, interval)
    x = (a + b) / 2 - (b - a) / 2 * np.cos(np.pi * np.arange(n + 1) / n)
    return x[np.abs(x) > 1e-9]


def minimax(columns, target, iterations=120):
    """Coefficients c that minimise max |columns @ c - target|; columns and target are divided by the weight already."""
    weights = np.ones(len(target))
    best = (np.inf, None)
    scale = np.abs(columns).max(axis=0)
    for _ in range(iterations):
        s = np.sqrt(weights)
        c = np.linalg.lstsq(columns / scale * s[:, None], target * s, rcond=None)[0] / scale
        error = np.abs(columns @ c - target)
        if error.max() < best[0]:
            best = (error.max(), c)
        weights = weights * (error / error.max() + 1e-4)
        weights /= weights.max()
    return best[1]


def emit(name, coefficients, error, fmt):
    kind, suffix = ("float", "f") if fmt == "<f" else ("double", "")
    print(f"{name}: largest error 2^{np.log2(error):.1f}", file=sys.stderr)
    print(f"/// Largest error 2^{np.log2(error):.1f}.")
    text = ", ".join(float(c).hex().replace("0000000p", "p") + suffix for c in coefficients)
    print(f"inline constexpr {kind} {name}[] = {{{text}}};\n")


def fit(name, f, interval, powers, fixed=(), base=lambda x: x, factor=lambda x: 1.0, fmt="<f",
        relative=True):
    """f(x) ~ factor(x) * sum c * base(x)^power over `powers`; `fixed` holds (power, coefficient) pairs."""
    x = points_of(interval)
    exact = np.array([float(f(mpf(v))) for v in x])
    weight = exact if relative else np.ones_like(x)
    column = lambda p: factor(x) * base(x) ** p / weight
    residual = exact / weight
    for power, c in fixed:
        residual = residual - float(c) * column(power)
    powers = list(powers)
    result = []
    for i, power in enumerate(powers):
        c = round_to(fmt, minimax(np.column_stack([column(p) for p in powers[i:]]), residual)[0])
        result.append(c)
        residual = residual - c * column(power)
    emit(name, result, np.abs(residual).max(), fmt)


def fit_double(name, f, interval, count):
    """f(x) ~ c0 + c1 x + ...: Chebyshev interpolation in 40 digits, which a few more terms make as good as minimax."""
    c, error = mp.chebyfit(f, list(map(mpf, interval)), count, error=True)
    emit(name, [float(v) for v in reversed(c)], float(error), "<d")


def main():
    print("// Written by coefficients.py; do not edit.\n#pragma once\n\nnamespace girih::approx {\n")
    ln2, quarter = mp.log(2), mp.pi / 4
    same, square, third, half = (lambda t: t), (lambda t: t * t), mpf(1) / 3, mpf(1) / 2
    print("/// exp(r) = 1 + r + r^2 (c0 + c1 r + ...) on [-ln 2, ln 2].")
    fit("expTail", mp.exp, (-ln2, ln2), range(2, 8), [(0, 1), (1, 1)])
    print("/// 2^r = 1 + r (c0 + c1 r + ...) on [-1, 1].")
    fit("exp2Tail", lambda t: mpf(2) ** t, (-1, 1), range(1, 8), [(0, 1)])
    print("/// expm1(r) = r + r^2 (c0 + c1 r + ...) on [-ln 2 / 2, ln 2 / 2].")
    fit("expm1Tail", mp.expm1, (-ln2 / 2, ln2 / 2), range(2, 7), [(1, 1)])
    print("/// log(1 + r) = r + r^2 (-1/2 + r (c0 + c1 r + ...)) on [-1/3, 1/3].")
    fit("log1pTail", mp.log1p, (-third, third), range(3, 11), [(1, 1), (2, -half)])
    print("/// log2(1 + r) = r (c0 + c1 r + ...) on [-1/3, 1/3].")
    fit("log2Double", lambda t: mp.log(1 + t, 2), (-third, third), range(1, 13), fmt="<d")
    print("/// sin(r) = r + r z (c0 + c1 z + ...), z = r^2, on [0, pi/4].")
    fit("sinTail", mp.sin, (0, quarter), range(1, 4), [(0, 1)], square, same)
    print("/// cos(r) = 1 - z/2 + z^2 (c0 + c1 z + ...), z = r^2, on [0, pi/4].")
    fit("cosTail", mp.cos, (0, quarter), range(2, 5), [(0, 1), (1, -half)], square)
    print("/// atan(r) = r + r z (c0 + c1 z + ...), z = r^2, on [0, 1].")
    fit("atanTail", mp.atan, (0, 1), range(1, 10), [(0, 1)], square, same)
    print("/// asin(r) = r + r z (c0 + c1 z + ...), z = r^2, on [0, 1/2].")
    fit("asinTail", mp.asin, (0, half), range(1, 6), [(0, 1)], square, same)
    print("/// sinh(r) = r + r z (c0 + c1 z + ...), z = r^2, on [0, 1].")
    fit("sinhTail", mp.sinh, (0, 1), range(1, 5), [(0, 1)], square, same)
    print("/// erfc(x) = exp(-x^2) / (x + 2) (c0 + c1 u + ...), u = (x - 2) / (x + 2), on [1/2, 10.1].")
    fit("erfcxScaled", lambda t: mp.exp(t * t) * mp.erfc(t), (0.5, mpf("10.1")), range(0, 10),
        base=lambda t: (t - 2) / (t + 2), factor=lambda t: 1 / (t + 2))
    print("/// erf(x) = x + x (c0 + c1 z + ...), z = x^2, on [0, 3/2].")
    fit("erfTail", mp.erf, (0, 1.5), range(8), [(0, 1)], square, same)
    print("/// erfc(x) = c0 + c1 t + ..., t = x - 11/4, on [3/2, 4]; the error is absolute.")
    fit("erfcFar", mp.erfc, (1.5, 4), range(13), base=lambda t: t - 2.75, relative=False)
    print("/// erf(x) = x + x (c0 + c1 z + ...), z = x^2, on [0, 1].")
    slope = lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1 if z > 0 else 2 / mp.sqrt(mp.pi) - 1
    fit_double("erfTailDouble", slope, (0, 1), 12)
    print("/// erfc(x) = exp(-x^2) / (x + 2) (c0 + c1 u + ...), u = (x - 2) / (x + 2), on [1/2, 28].")
    unmap = lambda u: 2 * (1 + u) / (1 - u)
    scaled = lambda t: mp.exp(t * t) * mp.erfc(t) * (t + 2)
    fit_double("erfcxScaledDouble", lambda u: scaled(unmap(u)), (-0.6, 26 / mpf(30)), 24)
    print("} // namespace girih::approx")


if __name__ == "__main__":
    main()
