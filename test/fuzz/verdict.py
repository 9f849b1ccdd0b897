"""What a case's result is worth: girih's beside ONNX Runtime's, with the ONNX package's reference as the second voice."""
import os
import re

import numpy as np

# Where ONNX Runtime is no oracle: (operator, what it did, why). "accepts": it gives a result for what the standard does not allow;
# "refuses": it has no kernel, or a check of its own, for what the standard allows.
ALLOWED = []


def declared(model_inputs, feeds):
    """Whether the arrays have the dimensions that the model names: equal names are equal sizes."""
    sizes = {}
    for name, dims in model_inputs:
        shape = feeds[name].shape
        if len(shape) != len(dims):
            return False
        for d, s in zip(dims, shape):
            if (s != d) if isinstance(d, int) else (sizes.setdefault(d, s) != s):
                return False
    return True


def differ(got, want, tolerance):
    """Why they are not the same; None if they are."""
    for name, w in want.items():
        g, w = got[name], np.asarray(w)
        if g.shape != w.shape:
            return f"{name}: shape {list(g.shape)}, expected {list(w.shape)}"
        if g.dtype != w.dtype:
            return f"{name}: type {g.dtype}, expected {w.dtype}"
        if w.dtype.kind not in "fV":
            if not np.array_equal(g, w):
                return f"{name}: {np.count_nonzero(g != w)} of {w.size} integers differ"
            continue
        g, w = g.astype(np.float64), w.astype(np.float64)
        finite = np.isfinite(w)
        if not np.array_equal(finite, np.isfinite(g)) or not np.array_equal(g[~finite], w[~finite], equal_nan=True):
            return f"{name}: other infinities or NaNs"
        largest = np.abs(w[finite]).max() if finite.any() else 0.0
        wrong = np.abs(g[finite] - w[finite]) > tolerance * (1 + np.abs(w[finite]) + 0.1 * largest)
        if wrong.any():
            at = np.argmax(wrong)
            return f"{name}: {np.count_nonzero(wrong)} of {w.size} differ: {g[finite][at]:.6g}, expected {w[finite][at]:.6g}"
    return None


def describe_death(status, log):
    kind = re.search(r"ERROR: AddressSanitizer: ([\w-]+)", log)
    access = re.search(r"(READ|WRITE) of size (\d+)", log)
    if kind:
        return "asan", f"{kind[1]}{', ' + access[0] if access else ''}"
    if os.WIFSIGNALED(status):
        return "crash", "no end" if os.WTERMSIG(status) == 14 else f"signal {os.WTERMSIG(status)}"
    return "crash", f"exit code {os.waitstatus_to_exitcode(status)}: {log[-200:]}"


def is_allowed(operators, what, message):
    return any(op in operators and w == what and re.search(pattern, message) for op, w, pattern, _ in ALLOWED)


def judge(got, ort, second, is_declared, operators, tolerance):
    """None, or (kind, text). `second()` gives the reference's result."""
    if got[0] == "died":
        return describe_death(got[1], got[2])
    if got[0] in ("unstable", "broken"):
        return got
    voice = second() if ort[0] == "died" else ort
    if got[0] == "refused":
        if voice[0] != "ok" or not is_declared or is_allowed(operators, "accepts", got[1]):
            return None
        other = second()
        return None if other[0] != "ok" else ("refused valid", got[1])
    if voice[0] == "ok":
        why = differ(got[1], voice[1], tolerance)
        if not why:
            return None
        other = second()
        if other[0] == "ok" and not differ(got[1], other[1], tolerance):
            return None
        return "wrong", why
    if not is_declared:
        return "accepted invalid", "dimensions are not as declared"
    other = second()
    if other[0] == "ok" and not differ(got[1], other[1], tolerance):
        return None
    if is_allowed(operators, "refuses", voice[1]):
        return None
    return "accepted invalid", voice[1] if voice[0] == "refused" else "the oracle died"


# What the compiler says that it does not do: sizes that follow from data, and a few numbers that must be known.
DOCUMENTED = re.compile(r"not supported|computed from data|depend on the regions|must be constant")


def is_documented(message):
    return bool(DOCUMENTED.search(message))
