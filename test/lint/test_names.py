"""One name, one type: no two files define a type of the same qualified name that the linker could see.

Two different ones in one program are undefined, and no tool says so: each file is right by itself. A type of one file belongs in an anonymous namespace.
"""
import collections
import re

import pytest

from test_lint import report, text, with_suffix

TOKEN = re.compile(r"""//[^\n]* | /\*.*?\*/                        # comments
                     | ^[ \t]*\#(?:\\.|[^\n\\])*                   # directives
                     | R"([^(\s]*)\(.*?\)\1" | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])+'
                     | [A-Za-z_]\w* | \d[\w.']* | :: | \s+ | .""", re.S | re.M | re.X)
IGNORED = re.compile(r"\s|//|/\*|[ \t]*#")
KINDS = ("class", "struct", "union", "enum")


def without_parts(head):
    """The tokens without template parameters, attributes and what stands before a declaration."""
    while head[:1] == ["template"]:
        depth = 0
        for end, token in enumerate(head):
            depth += (token == "<") - (token == ">")
            if token == ">" and not depth:
                break
        head = head[end + 1:]
    while head[1:2] == [":"] and head[0] in ("public", "private", "protected"):
        head = head[2:]
    if head[:1] in (["inline"], ["typedef"]):
        head = head[1:]
    for name in ("alignas", "__attribute__"):
        while name in head and "(" in head:
            begin, depth = head.index(name), 0
            for end in range(begin + 1, len(head)):
                depth += (head[end] == "(") - (head[end] == ")")
                if not depth:
                    break
            head = head[:begin] + head[end + 1:]
    return head


def scope_of(head):
    """What a brace after these tokens opens: (name, is it a type); "" for extern "C", None for what the linker does not see."""
    head = without_parts(head)
    if head == ["extern", '""']:
        return "", False
    if head[:1] == ["namespace"]:
        return "".join(head[1:]) or None, False
    if head[:1] == ["enum"] and head[1:2] in (["class"], ["struct"]):
        head = head[1:]
    name = []
    for token in head[1:]:
        if token in (":", "final"):
            break
        name.append(token)
    is_type = head[:1] and head[0] in KINDS and name and not {"(", "=", "*", "&"} & set(name)
    return ("".join(name), True) if is_type else (None, False)


def types_in(source):
    """[(qualified name, line)] of the types with external linkage that C++ text defines."""
    found, scopes, head, line = [], [], [], 1
    for match in TOKEN.finditer(source):
        token = match[0]
        line += token.count("\n")
        if IGNORED.match(token):
            continue
        if token == "{":
            name, is_type = scope_of(head)
            scopes.append(name)
            if is_type and None not in scopes:
                found.append(("::".join(filter(None, scopes)), line))
        elif token == "}":
            scopes = scopes[:-1]
        else:
            head = [] if token == ";" else [*head, '""' if token[0] in "\"'" else token]
            continue
        head = []
    return found


def duplicates(sources):
    """One line for each type that several of {file: text} define."""
    where = collections.defaultdict(dict)
    for path, source in sources.items():
        for name, line in types_in(source):
            where[name].setdefault(path, line)
    return [f"{name} is defined in " + " and ".join(f"{path}:{line}" for path, line in at.items())
            for name, at in sorted(where.items()) if len(at) > 1]


def test_one_name_one_type():
    # A test is a program of its own.
    sources = {path: text(path) for path in with_suffix(".h", ".cpp") if not path.startswith("test/")}
    assert sum(len(types_in(source)) for source in sources.values()) > 200, "the types were not found"
    report(duplicates(sources))


PLANTED = "namespace girih {\nstruct View {\n  int other;\n};\n}\n"


@pytest.mark.parametrize("path", ["passes/GraphToLinalg/Lowering.h", "passes/Tile/Domain.h"])
def test_a_planted_one_is_found(path):
    name = re.search(r"^struct (\w*View) \{", text(path), re.M)[1]
    planted = PLANTED.replace("View", name)
    assert duplicates({path: text(path), "planted.cpp": planted}) == [
        f"girih::{name} is defined in {path}:{text(path)[:text(path).index(f'struct {name} ')].count(chr(10)) + 1} and planted.cpp:2"]
    assert not duplicates({path: text(path), "planted.cpp": planted.replace("struct", "namespace {\nstruct") + "}"})


@pytest.mark.parametrize("source, names", [
    ("namespace a::b { class C; class D final : public E<int> { struct F {}; enum class G : char { x }; void f() { struct H {}; } }; }",
     ["a::b::D", "a::b::D::F", "a::b::D::G"]),
    ("template <typename T, typename = X<T>> struct S { }; template <> struct S<int> { private: union U { }; };", ["S", "S<int>", "S<int>::U"]),
    ('extern "C" { struct alignas(64) A { int x; }; } // struct B {\n/* struct C { */ const char *s = "struct D {";', ["A"]),
    ("#define M struct E { \\\n struct F {\nstruct G *make(int x) { struct H {}; return {}; } static const struct { int x; } t[] = {{1}};", []),
    ("namespace { struct A {}; namespace b { struct B {}; } } namespace c { namespace { struct C {}; } struct D {}; }", ["c::D"]),
    ("auto f = [] { struct A {}; }; struct B { int x = 1; B() : x{2} {} struct C {}; };", ["B", "B::C"]),
])
def test_what_is_a_type(source, names):
    assert [name for name, _ in types_in(source)] == names
