"""One line for each schedule of a plan, so that tests can state what matters of it:

    NAME: SUMS sums, rows d1 14, lanes d2 32, tasks d0 d1, reduction k0 4 unroll

What is stored during a run has a line of its own, `NAME g0: ...`, behind that of what reads it. With --registers=N a register tile of sums has to fit:
the sums, and of the two operands a row or a column of the tile and one vector.
"""
import re
import sys


def parse(text, at=0):
    """The items of what begins with < or [ at `at`, and where it ends. An item is a word, a list, or a pair of a name and one of these."""
    items, at = [], at + 1
    while text[at] not in ">]":
        name = re.compile(r"(\w+) = ").match(text, at)
        at = name.end() if name else at
        if text[at] in "<[":
            value, at = parse(text, at)
        else:
            word = re.compile(r"affine_map<.*? -> .*?>|\w+").match(text, at)
            value, at = word.group(), word.end()
        items.append((name.group(1), value) if name else value)
        at = re.compile(r"(, )?").match(text, at).end()
    return items, at + 1


def summarise(name, schedule, registers):
    fields = dict(schedule)
    loops = {role: [l for l in fields.get("nest", []) if l[2:] == [role]] for role in ("task", "rows", "lanes")}
    rows = int(loops["rows"][0][1]) if loops["rows"] else 1
    vectors = int(loops["lanes"][0][1]) // int(fields["width"]) if loops["lanes"] else 1
    reductions = [dict(stage)["nest"][-1] for stage in fields.get("reductions", []) if dict(stage).get("nest")]
    has_sums = reductions and reductions[0][2:] != ["lanes"]
    if registers and has_sums and rows * vectors + min(rows, vectors) + 1 > registers:
        sys.exit(f"{name}: {rows} rows by {vectors} vectors do not fit {registers} registers")
    parts = [f"{rows * vectors} sums"]
    parts += [f"{role} {loop[0]} {loop[1]}" for role in ("rows", "lanes") for loop in loops[role]]
    parts += ["tasks " + " ".join(loop[0] for loop in loops["task"])] if loops["task"] else []
    parts += ["reduction " + " ".join(loop) for loop in reductions]
    print(f"{name}: " + ", ".join(parts))
    for value, (_, at), stored in fields.get("stored", []):
        if at != "compile":
            summarise(f"{name} {value}", stored, registers)


registers = next((int(a.split("=")[1]) for a in sys.argv[1:] if a.startswith("--registers=")), 0)
for line in sys.stdin:
    kernel = re.search(r'girih\.kernel "([^"]*)".*?#girih\.schedule(?=<)', line)
    for schedule in re.finditer(r"#girih\.schedule(?=<)", line) if kernel else []:
        summarise(kernel.group(1), parse(line, schedule.end())[0], registers)
