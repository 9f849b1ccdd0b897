"""Programs with one planted fault each, made from the cases as faults.json says.

An entry of faults.json:
  name, case    its own name, and that of the case it starts from
  edits         changes of the kernel's text: {"remove": PATTERN} or {"replace": PATTERN, "by": TEXT} (regular expressions, which take one line), each at its
                occurrence "nth" (from 0), or "all" of them
  launch        what replaces values of parameters, {"shared": BYTES} or {"uninitialised": BUFFER}
  word          what stderr has to say (a regular expression, whatever the case of its letters)
  at            patterns of the instructions that may be named: every line of the program that the first report names is one of them
  names         how many instructions the report has to name (of a race 2, unless an instruction may race with itself)
"""
import dataclasses
import json
import pathlib
import re

from . import CASES, PROGRAMS, Buffer, Scalar

FAULTS = {f["name"]: f for f in json.loads((PROGRAMS / "faults.json").read_text())}


def body(lines, entry):
    """First and last line of a kernel (the last one after it)."""
    start = next(n for n, line in enumerate(lines) if re.search(rf"\.entry {entry}\(", line))
    depth = 0
    for n in range(start, len(lines)):  # inline assembly has braces of its own
        depth += lines[n].count("{") - lines[n].count("}")
        if depth == 0 and "}" in lines[n]:
            return start, n
    raise AssertionError(f"{entry} does not end")


def edit(lines, entry, change):
    pattern = re.compile(change.get("remove") or change["replace"])
    start, end = body(lines, entry)
    found = [n for n in range(start, end) if pattern.search(lines[n])]
    nth = change.get("nth", 0)
    assert found and (nth == "all" or nth < len(found)), f"{change}: {len(found)} lines match"
    for n in found if nth == "all" else [found[nth]]:
        lines[n] = "" if "remove" in change else pattern.sub(change["by"], lines[n])


def plant(fault, folder):
    """The case with its fault, its program written to `folder`, and the lines that may be named."""
    case = CASES[fault["case"]]
    lines = case.ptx.read_text().splitlines()
    for change in fault.get("edits", ()):
        edit(lines, case.entry, change)
    ptx = pathlib.Path(folder) / f"{fault['name']}.ptx"
    ptx.write_text("\n".join(lines) + "\n")
    start, end = body(lines, case.entry)
    allowed = {n + 1 for n in range(start, end) if any(re.search(p, lines[n]) for p in fault.get("at", ()))}
    assert allowed or not fault.get("at"), f"no line matches {fault['at']}"
    change = fault.get("launch", {})

    def make(rng):
        return [changed(p, change) for p in case.make(rng)]
    return dataclasses.replace(case, program=ptx, make=make, shared=change.get("shared", case.shared)), allowed


def changed(parameter, change):
    if isinstance(parameter, Scalar) and parameter.name in change:
        return dataclasses.replace(parameter, value=change[parameter.name])
    if isinstance(parameter, Buffer) and change.get("uninitialised") == parameter.name:
        return dataclasses.replace(parameter, initial=parameter.initial.nbytes)
    return parameter


def named_lines(fault, stderr):
    """The lines of the program that the report of the fault names: "FILE:LINE: KIND: ..." and "line N" in the lines indented below. None if there is no
    such report."""
    for report in re.split(r"(?m)^(?=\S)", stderr):
        head, _, text = report.partition(f"{fault['name']}.ptx:")
        if text and " " not in head and re.search(fault["word"], text, re.IGNORECASE):
            return {int(re.match(r"\d+", text)[0]), *map(int, re.findall(r"\bline (\d+)", text))}
    return None
