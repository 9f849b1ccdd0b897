"""Neighbouring accesses of one base that ptxas makes one, as the model has them; where ptxas and nvdisasm are installed, ptxas is asked as well.

    NVDISASM=.../nvdisasm pytest test/ptxsim/test_merges.py        the toolkit has it; so has the wheel nvidia-cuda-nvdisasm
"""
import json
import os
import re
import shutil
import subprocess

import pytest

from test_programs import SIMULATOR

FILE = """.version 8.5
.target sm_80
.address_size 64
.extern .shared .align 4 .b8 given[];
"""
HEAD = """.visible .entry NAME(.param .u64 p, .param .u32 n) {
  .shared .align 4 .b8 s[8192];
  .reg .u32 %r<60>, %by16, %by8, %by4, %s, %t, %n; .reg .u64 %d<30>, %out, %words; .reg .f32 %f<60>; .reg .pred %p; .reg .b16 %h;
  ld.param.u64 %out, [p]; cvta.to.global.u64 %out, %out; ld.param.u32 %n, [n];
  mov.u32 %t, %tid.x; mul.wide.u32 %d1, %t, 64; add.s64 %out, %out, %d1; and.b64 %words, %out, -16; cvt.u16.u32 %h, %n;
  mov.u32 %s, s; shl.b32 %r1, %t, 4; add.u32 %by16, %s, %r1; shl.b32 %r2, %t, 3; add.u32 %by8, %s, %r2; shl.b32 %r3, %t, 2; add.u32 %by4, %s, %r3;
"""


def load(base, offsets, kind="shared.f32", first=10):
    return "".join(f"ld.{kind} %f{first + n}, [{base}+{o}];\n" for n, o in enumerate(offsets))


def store(base, offsets, kind="shared.u32"):
    return "".join(f"add.u32 %r{20 + n}, %n, {7 * o + 1}; st.{kind} [{base}+{o}], %r{20 + n};\n" for n, o in enumerate(offsets))


def use(count, first=10):
    return "".join(f"add.f32 %f{first}, %f{first}, %f{first + n};\n" for n in range(1, count)) + f"st.global.f32 [%out], %f{first};\n"


def base(*lines):
    """Loads of the 16 bytes at %r40, which the lines compute."""
    return "\n".join(lines) + load("%r40", (0, 4, 8, 12)) + use(4)


def between(what):
    return load("%by16", (0, 4)) + what + "\n" + load("%by16", (8, 12), first=12) + use(4)


ONE, HALVES, WORDS = [16], [8, 8], [4, 4, 4, 4]
# What is accessed of shared memory: bytes a lane of each access.
SHARED = {
    "words of 16": (load("%by16", (0, 4, 8, 12)) + use(4), ONE),
    "words of 16, backwards": (load("%by16", (12, 8, 4, 0)) + use(4), ONE),
    "words of 16 in any order": (load("%by16", (0, 8, 4, 12)) + use(4), ONE),
    "words of 8": (load("%by8", (0, 4, 8, 12)) + use(4), HALVES),
    "words of 4": (load("%by4", (0, 4, 8, 12)) + use(4), WORDS),
    "eight words": (load("%by16", range(0, 32, 4)) + use(8), [16, 16]),
    "not from the beginning": (load("%by16", (4, 8, 12, 16)) + use(4), [16, 4]),
    "three words": (load("%by16", (0, 4, 8)) + use(3), ONE),
    "the last three words": (load("%by16", (4, 8, 12)) + use(3), ONE),
    "three with a gap": (load("%by16", (0, 4, 12)) + use(3), ONE),
    "two words": (load("%by16", (0, 4)) + use(2), [8]),
    "the last two words": (load("%by16", (8, 12)) + use(2), [8]),
    "two in the middle": (load("%by16", (4, 8)) + use(2), [4, 4]),
    "the first and the last": (load("%by16", (0, 12)) + use(2), [4, 4]),
    "every second word": (load("%by16", (0, 8)) + use(2), [4, 4]),
    "six of eight": (load("%by16", (4, 8, 12, 16, 20, 24)) + use(6), [16, 16]),
    "one of them twice": (load("%by16", (0, 4, 0, 4, 8, 12)) + use(6), ONE),
    "pairs": ("ld.shared.v2.f32 {%f10, %f11}, [%by16]; ld.shared.v2.f32 {%f12, %f13}, [%by16+8];" + use(4), ONE),
    "a pair and a word": ("ld.shared.v2.f32 {%f10, %f11}, [%by16]; ld.shared.f32 %f12, [%by16+8];" + use(3), ONE),
    "longs": ("ld.shared.u64 %d10, [%by16]; ld.shared.u64 %d11, [%by16+8]; add.u64 %d10, %d10, %d11; st.global.u64 [%out], %d10;", ONE),
    "longs of two windows": ("ld.shared.u64 %d10, [%by16+8]; ld.shared.u64 %d11, [%by16+16]; add.u64 %d10, %d10, %d11; st.global.u64 [%out], %d10;", [8, 8]),
    "bytes": ("".join(f"ld.shared.u8 %r{20 + n}, [%by16+{n}];" for n in range(4)) + "add.u32 %r20, %r20, %r21; add.u32 %r22, %r22, %r23; add.u32 %r20, %r20, %r22;"
              "st.global.u32 [%out], %r20;", WORDS),
    "volatile": (load("%by16", (0, 4, 8, 12), "volatile.shared.f32") + use(4), WORDS),
    "two bases in turn": ("".join(load("%by16", [4 * n], first=10 + 2 * n) + load("%by8", [1024 + 4 * n], first=11 + 2 * n) for n in range(4)) + use(8), [16, 8, 8]),
    "far from each other": (load("%by16", [0]) + 20 * "mul.f32 %f40, %f10, %f10; fma.rn.f32 %f10, %f40, %f40, %f10;" + load("%by16", (4, 8, 12), first=11) + use(4), ONE),
    "the first used before the second": ("ld.shared.f32 %f10, [%by16]; st.global.f32 [%out+4], %f10; ld.shared.f32 %f11, [%by16+4];" + use(2), [8]),
    "by name": (load("s", (0, 4, 8, 12)) + use(4), ONE),
    "what the launch gives": (base("mov.u32 %r40, given; add.u32 %r40, %r40, %r1;"), ONE),
    # What lies between.
    "a store": (between("st.shared.u32 [%by4+2048], %n;"), [8, 8, 4]),
    "a store to the same base": (between("st.shared.f32 [%by16+2048], %f1;"), [8, 8, 4]),
    "a store after the first": (load("%by16", [0]) + "st.shared.u32 [%by4+2048], %n;" + load("%by16", (4, 8, 12), first=11) + use(4), [4, 4, 16]),
    "a store that is switched off": ("setp.ne.u32 %p, %n, 0;" + between("@%p st.shared.u32 [%by4+2048], %n;"), [8, 8, 4]),
    "a store by generic address": (between("st.u32 [%out+16], %n;"), HALVES),
    "a store to global memory": (between("st.global.u32 [%out+16], %n;"), ONE),
    "a barrier": (between("bar.sync 0;"), HALVES),
    "a barrier of the warp": (between("bar.warp.sync -1;"), HALVES),
    "a fence": (between("membar.cta;"), HALVES),
    "an atomic": (between("atom.shared.exch.b32 %r30, [%by4+2048], %n; st.global.u32 [%out+8], %r30;"), [8, 8, 4]),
    "an atomic on global memory": (between("red.global.add.u32 [%out], 1;"), ONE),
    "a group of copies": (between("cp.async.commit_group;"), ONE),
    "a shuffle": (between("shfl.sync.bfly.b32 %r30, %t, 1, 31, -1; st.global.u32 [%out+32], %r30;"), ONE),
    "another load": (between("ld.volatile.shared.u32 %r30, [%by4+1024]; st.global.u32 [%out+32], %r30;"), [16, 4]),
    "guarded": ("setp.ne.u32 %p, %t, 99; mov.f32 %f10, 0f00000000; mov.f32 %f11, %f10;" + "".join(f"@%p ld.shared.f32 %f{10 + n}, [%by16+{4 * n}];" for n in range(2)) + use(2),
                [4, 4]),
    # What is known of an address.
    "mad": (base("mad.lo.u32 %r40, %t, 48, %s;"), ONE),
    "mad of 8": (base("mad.lo.u32 %r40, %t, 24, %s;"), HALVES),
    "product of 4": (base("mul.lo.u32 %r40, %t, 12; add.u32 %r40, %r40, %s;"), WORDS),
    "or": (base("or.b32 %r40, %r1, 1024; add.u32 %r40, %r40, %s;"), ONE),
    "xor": (base("xor.b32 %r40, %r1, 64; add.u32 %r40, %r40, %s;"), ONE),
    "mask": (base("and.b32 %r40, %t, 1008; add.u32 %r40, %r40, %s;"), ONE),
    "mask of a sum": (base("add.u32 %r40, %n, %s; and.b32 %r40, %r40, -16;"), ONE),
    "selp": (base("setp.ne.u32 %p, %n, 0; selp.b32 %r40, %r1, 512, %p; add.u32 %r40, %r40, %s;"), ONE),
    "bits put in": (base("bfi.b32 %r40, %t, 0, 4, 6; add.u32 %r40, %r40, %s;"), ONE),
    "wider and back": (base("cvt.s64.s32 %d10, %r1; cvt.u32.u64 %r40, %d10; add.u32 %r40, %r40, %s;"), ONE),
    "through another register": ("add.u32 %r40, %by16, 8;" + load("%by16", (0, 4)) + load("%r40", (0, 4), first=12) + use(4), ONE),
    "shifted right": (base("shl.b32 %r40, %t, 6; shr.u32 %r40, %r40, 2; add.u32 %r40, %r40, %s;"), WORDS),
    "largest": (base("max.u32 %r40, %r1, 512; add.u32 %r40, %r40, %s;"), WORDS),
    # Stores.
    "stores": (store("%by16", (0, 4, 8, 12)), ONE),
    "stores, backwards": (store("%by16", (12, 8, 4, 0)), ONE),
    "stores in any order": (store("%by16", (0, 8, 4, 12)), ONE),
    "stores of 8": (store("%by8", (0, 4, 8, 12)), HALVES),
    "eight stores": (store("%by16", range(0, 32, 4)), [16, 16]),
    "three stores": (store("%by16", (0, 4, 8)), [8, 4]),
    "stores with a gap": (store("%by16", (0, 8)), [4, 4]),
    "stores not from the beginning": (store("%by16", (4, 8, 12, 16)), [4, 8, 4]),
    "stores of two windows in turn": (store("%by16", (0, 16, 4, 20)), WORDS),
    "stores around one elsewhere": (store("%by16", (0, 4, 1024, 8, 12)), [8, 8, 4]),
    "stores to two bases in turn": ("st.shared.u32 [%by16], %n; st.shared.u32 [%by8+1024], %n; st.shared.u32 [%by16+4], %n; st.shared.u32 [%by8+1028], %n;", WORDS),
    "stores around one to global memory": ("st.shared.u32 [%by16], %n; st.global.u32 [%out], %n; st.shared.u32 [%by16+4], %t;", [8]),
    "stores around a load": ("st.shared.u32 [%by16], %n; ld.shared.u32 %r30, [%by16+1024]; st.shared.u32 [%by16+4], %n; st.global.u32 [%out], %r30;", [4, 4, 4]),
    "stores of pairs": ("st.shared.v2.u32 [%by16], {%n, %t}; st.shared.v2.u32 [%by16+8], {%n, %t};", ONE),
    "stores of two bytes": ("".join(f"st.shared.u16 [%by16+{o}], %h;" for o in (0, 2, 4, 6)), [8]),
    "stores of a byte": ("".join(f"st.shared.u8 [%by16+{o}], %n;" for o in range(4)), WORDS),
    "guarded stores": ("setp.ne.u32 %p, %t, 99;" + "".join(f"@%p st.shared.u32 [%by16+{o}], %t;" for o in (0, 4, 8, 12)), WORDS),
}
# Sectors of a load are the same however it is made; requests are not.
GLOBAL = {
    "loads": (load("%words", (0, 4, 8, 12), "global.f32") + use(4), ONE),
    "three": (load("%words", (0, 4, 8), "global.f32") + use(3), ONE),
    "of an unknown address": (load("%out", (0, 4, 8, 12), "global.f32") + use(4), WORDS),
    "around a store": (load("%words", (0, 4), "global.f32") + "st.global.u32 [%out+16], %n;" + load("%words", (8, 12), "global.f32", first=12) + use(4), HALVES),
    "around a barrier": (load("%words", (0, 4), "global.f32") + "bar.sync 0;" + load("%words", (8, 12), "global.f32", first=12) + use(4), HALVES),
    "nc around a store": (load("%words", (0, 4), "global.nc.f32") + "st.global.u32 [%out+16], %n;" + load("%words", (8, 12), "global.nc.f32", first=12) + use(4), ONE),
    "nc around a barrier": (load("%words", (0, 4), "global.nc.f32") + "bar.sync 0;" + load("%words", (8, 12), "global.nc.f32", first=12) + use(4), ONE),
    "generic": ("".join(f"ld.f32 %f{10 + n}, [%words+{4 * n}];" for n in range(4)) + use(4), ONE),
}


KERNELS = {f"{kind}{n}": body for kind, table in (("shared", SHARED), ("global", GLOBAL)) for n, (body, _) in enumerate(table.values())}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """All of them in one file."""
    path = tmp_path_factory.mktemp("merges") / "k.ptx"
    path.write_text(FILE + "".join(HEAD.replace("NAME", name) + body + "  ret;\n}\n" for name, body in KERNELS.items()))
    return path


def counters(program, kernel, folder):
    launch = {"entry": kernel, "grid": [1], "block": [32], "dynamic_shared_bytes": 8192,
              "params": [{"name": "p", "kind": "buffer", "bytes": 4096}, {"name": "n", "kind": "u32", "value": 1}]}
    (folder / "k.json").write_text(json.dumps(launch))
    r = subprocess.run([SIMULATOR, program, "--launch", folder / "k.json", "--no-race", "--no-uninit", "--counters", "--json"], capture_output=True, text=True, timeout=60)
    assert r.returncode == 0, r.stdout + r.stderr
    return json.loads(r.stdout)["counters"]


@pytest.mark.parametrize("name", SHARED)
def test_shared(name, program, tmp_path):
    expected = SHARED[name][1]
    counted = counters(program, f"shared{list(SHARED).index(name)}", tmp_path)
    assert counted["shared_requests"] == len(expected)
    # All lanes take as many passes over the banks as an access has words.
    assert counted["shared_wavefronts_ideal"] == sum(expected) // 4


@pytest.mark.parametrize("name", GLOBAL)
def test_global(name, program, tmp_path):
    counted = counters(program, f"global{list(GLOBAL).index(name)}", tmp_path)
    assert counted["global_load_requests"] == len(GLOBAL[name][1])


def disassembler():
    return os.environ.get("NVDISASM") or shutil.which("nvdisasm")


@pytest.mark.skipif(not shutil.which("ptxas") or not disassembler(), reason="needs ptxas and nvdisasm")
@pytest.mark.parametrize("arch", ("sm_80", "sm_90", "sm_120"))
def test_ptxas(arch, program, tmp_path):
    """The expectations above are what ptxas makes."""
    cubin = tmp_path / "k.cubin"
    subprocess.run(["ptxas", f"-arch={arch}", program, "-o", cubin], check=True, capture_output=True)
    text = subprocess.run([disassembler(), cubin], check=True, capture_output=True, text=True).stdout
    made = {part.split("\n", 1)[0].strip().rstrip(":"): part for part in text.split(".text.")[1:] if "EXIT" in part}
    wrong = {}
    for kind, table, opcodes in (("shared", SHARED, "LDS|STS|ATOMS"), ("global", GLOBAL, "LDG|LD")):
        for n, (name, (_, expected)) in enumerate(table.items()):
            found = re.findall(rf"\*/\s+(?:@!?U?P\d+ )?(?:{opcodes})\b(\S*)", made[f"{kind}{n}"])
            widths = [16 if ".128" in modifiers else 8 if ".64" in modifiers else 4 for modifiers in found]
            if sorted(widths) != sorted(expected):
                wrong[f"{kind}, {name}"] = widths, expected
    assert not wrong
