"""What a case's result is worth: girih's beside ONNX Runtime's, with the ONNX package's reference as the second voice."""
import os
import re
import subprocess

import numpy as np

# Where ONNX Runtime is no oracle and the ONNX package's reference cannot say: (operator, kind, what the text has, why girih is not wrong).
ALLOWED = [
    ("Attention", "accepted invalid", "KV sequence length must be greater than 0", "no keys: zeros, as where a mask hides every key"),
    ("Resize", "accepted invalid", "Scale value should be greater than 0", "a size of 0 is an empty result"),
    ("RotaryEmbedding", "accepted invalid", "Updating cos_cache and sin_cache", "a table longer than the sequence is in order"),
    ("Reshape", "refused valid", "to be at least", "a size that follows from sizes and is 0 stands for the operand's: taken where that is 0 too"),
    ("Compress", "refused valid", "to be at least", "a condition that selects beyond the axis; ONNX Runtime drops what is there"),
    ("Pad", "accepted invalid", "Pad reflect", "reflected pads beyond the size repeat, as NumPy's do"),
    ("ConvTranspose", "refused valid", "to be at least 1", "no window has its place on an image without pixels"),
    *[(pool, "refused valid", "to be at least 1", "a window that does not fit is an error; ONNX Runtime divides what is negative rounding to 0, or makes an empty result")
      for pool in ("MaxPool", "AveragePool", "LpPool")],
]
# What the reference says when it lacks an operator or a case of one.
NOT_THERE = re.compile(r"NotImplemented|RuntimeImplementation|AttributeError|TypeError|No implementation|unexpected keyword")
# ONNX Runtime takes no empty tensors in these. Where nothing comes out, nothing can be wrong.
EMPTY = re.compile(r"while running (\w+Pool|Attention|LayerNormalization|Pad) node")


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


def kernel_at(log):
    """Which kernel of which library the report's first frame is in: libraries have their symbols, but not for the dynamic linker."""
    frame = re.search(r"\((/\S+/model\.so)\+0x([0-9a-f]+)\)", log)
    if not frame:
        return ""
    symbols = subprocess.run(["nm", "--defined-only", frame[1]], capture_output=True, text=True).stdout
    before = [(int(at, 16), name) for at, _, name in (line.split() for line in symbols.splitlines()) if int(at, 16) <= int(frame[2], 16)]
    return f" in {max(before)[1]}" if before else ""


def describe_death(status, log):
    kind = re.search(r"ERROR: AddressSanitizer: ([\w-]+)", log)
    access = re.search(r"(READ|WRITE) of size (\d+)", log)
    if kind:
        return "asan", f"{kind[1]}{', ' + access[0] if access else ''}{kernel_at(log)}"
    if os.WIFSIGNALED(status):
        return "crash", "no end" if os.WTERMSIG(status) == 14 else f"signal {os.WTERMSIG(status)}"
    return "crash", f"exit code {os.waitstatus_to_exitcode(status)}: {log[-200:]}"


def blame(kind, text, operators):
    """The operator that a failure is about, as far as its text tells."""
    running = re.search(r"while running (\w+) node", text)
    if running:
        return running[1]
    names = {op.lower(): op for op in operators}
    for word in re.findall(r"\b([a-z]+)_\d+", text):
        if word in names:
            return names[word]
    return "+".join(operators)


def is_allowed(kind, text, operators, open_questions):
    operator = blame(kind, text, operators)
    return (operator, kind) in open_questions or any((operator, kind) == (op, k) and pattern in text for op, k, pattern, _ in ALLOWED)


def compare(got, ort, second, is_declared, tolerance):
    """None, or (kind, text). `second()` gives the reference's result."""
    if got[0] == "died":
        return describe_death(got[1], got[2])
    if got[0] in ("unstable", "broken"):
        return got
    voice = second() if ort[0] == "died" else ort
    if got[0] == "refused":
        # ONNX Runtime takes some things that it should not; the reference does not have everything.
        is_valid = voice[0] == "ok" and is_declared and (second()[0] == "ok" or NOT_THERE.search(second()[1]))
        return ("refused valid", got[1]) if is_valid else None
    if not is_declared:
        return "accepted invalid", "dimensions are not as declared"
    why = differ(got[1], voice[1], tolerance) if voice[0] == "ok" else "refused"
    if not why or second()[0] == "ok" and not differ(got[1], second()[1], tolerance):
        return None
    if voice[0] == "ok":
        return "wrong", why
    if EMPTY.search(voice[1]) and all(a.size == 0 for a in got[1].values()):
        return None
    return "accepted invalid", voice[1] if voice[0] == "refused" else "ONNX Runtime died, and the reference refuses"


def judge(got, ort, second, is_declared, model):
    found = compare(got, ort, second, is_declared, model.tolerance)
    return None if found and is_allowed(*found, model.operators, model.open_questions) else found


# What the compiler says that it does not do: sizes that follow from data, a few numbers that must be known, and windows
# that do not fit.
DOCUMENTED = re.compile(r"not supported|computed from data|is not constant|depend on the regions|must be constant|must be fixed|of one fixed size|does not fit into dimension")


def is_documented(message):
    return bool(DOCUMENTED.search(message))
