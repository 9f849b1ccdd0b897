"""The examples in the descriptions of Passes.td. What stands before `// becomes` goes through the pass; what comes out has to hold what stands behind it,
line by line. `...` is anything that was left out; a value's name stands for one value, whatever it is called when it is printed."""
import re
import subprocess

import pytest

from support import BUILD
from tablegen import passes

EXAMPLES = {(path, name): re.findall(r"```mlir\n(.*?)```", record["description"], re.S) for (path, name), record in passes().items()}
CASES = [(record["argument"], i, text) for (key, record) in passes().items() for i, text in enumerate(EXAMPLES[key])]


def run(text, *flags):
    r = subprocess.run([BUILD / "bin" / "girih-opt", "-", "-mlir-print-local-scope", *flags], input=text, capture_output=True, text=True, timeout=60)
    assert r.returncode == 0, r.stderr
    return normal(r.stdout)


def normal(text):
    """One space for white space, one form of a float."""
    text = re.sub(r"(?<![\w.])-?\d+\.\d+(e[+-]\d+)?", lambda m: repr(float(m[0])), text)
    return " ".join(text.split())


def holds(output, text):
    """Whether the text stands somewhere in the output. Names begin anew with every function, as they do when functions are printed."""
    functions, groups, out = 0, {}, []
    for token in re.split(r"(%[\w$-]+|\.\.\.|func\.func)", normal(text)):
        functions += token == "func.func"
        if token == "...":
            out.append(".*?")
        elif token.startswith("%"):
            known = (functions, token) in groups
            group = groups.setdefault((functions, token), f"v{len(groups)}")
            out.append((f"(?P={group})" if known else rf"(?P<{group}>%[\w$-]+)") + r"(?![\w$-])")
        else:
            out.append(re.escape(token))
    match = re.search("".join(out), output)
    if not match:
        return False
    values = [(function, match[group]) for (function, _), group in groups.items()]
    return len(set(values)) == len(values)


@pytest.mark.parametrize("argument, number, text", CASES, ids=[f"{a}-{i}" for a, i, _ in CASES])
def test_example(argument, number, text):
    before, becomes, after = text.partition("// becomes\n")
    assert becomes, "an example has a line '// becomes'"
    output = run(before, f"--{argument}")
    assert holds(output, after), f"--{argument} makes\n{output}\nthe example says\n{normal(after)}"
    assert not holds(run(before), after), "the example holds without the pass: it says nothing"


def test_names_are_values():
    assert holds("a %0, %1 b %0", "a %x, %y b %x")
    assert not holds("a %0, %1 b %1", "a %x, %y b %x")
    assert not holds("a %0, %0", "a %x, %y"), "two names are two values"
    assert not holds("a %10", "a %x b")
    assert holds(normal("f(1.000000e+00) {x = 1, y}"), "f(1.0)  {..., y}")
    assert holds("func.func a %0 func.func b %0", "func.func a %x func.func b %y")
