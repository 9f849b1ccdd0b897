#!/usr/bin/env python3
"""How fast the simulator is: thread instructions a second on one core, with and without the search for races, and Triton's product of 1024^3 in f16.
Needs numpy.

    speed.py [--build DIR] [--repeats N] [--json]
"""
import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tools" / "ptxsim" / "test" / "programs"))
import cases  # noqa: E402

THREADS = 256
# A loop of 32 instructions on registers, with one load and one store of memory for each 14 others in the last two.
BODIES = {
    "integer": ["mad.lo.u32 %a, %a, 1664525, %b;", "xor.b32 %b, %b, %a;", "shf.l.wrap.b32 %a, %a, %b, 13;", "add.u32 %b, %b, %a;"] * 8,
    "fp32": ["fma.rn.f32 %x, %x, %y, %y;", "mul.f32 %y, %y, 0f3F7FBE77;", "add.f32 %x, %x, %y;", "fma.rn.f32 %y, %y, %y, %x;"] * 8,
    "integer, memory": (["ld.global.u32 %a, [%p];", *["mad.lo.u32 %a, %a, 1664525, %b;", "xor.b32 %b, %b, %a;"] * 7, "st.global.u32 [%p], %b;"]) * 2,
    "fp32, shared memory": (["ld.shared.f32 %x, [%s];", *["fma.rn.f32 %x, %x, %y, %y;", "mul.f32 %y, %y, 0f3F7FBE77;"] * 7, "st.shared.f32 [%s], %y;"]) * 2,
}


def kernel(registers, before, body, after, module=""):
    """Repeats the body as often as the launch says; %p is the buffer."""
    return f""".version 8.0
.target sm_80
.address_size 64
{module}
.visible .entry loop(.param .u64 data, .param .u32 rounds) {{
  .reg .b32 %n; .reg .b64 %p; .reg .pred %more; {registers}
  ld.param.u64 %p, [data];
  ld.param.u32 %n, [rounds];
  {before}
LOOP:
  {body}
  sub.u32 %n, %n, 1;
  setp.ne.u32 %more, %n, 0;
  @%more bra LOOP;
  {after}
  ret;
}}
"""


# Each thread has a word of the buffer.
OWN = f"""mov.u32 %t, %tid.x;
  mov.u32 %b, %ctaid.x;
  mad.lo.u32 %b, %b, {THREADS}, %t;
  mul.wide.u32 %q, %b, 4;
  add.s64 %p, %p, %q;"""


def program(body):
    return kernel(f".reg .b32 %a, %b, %t, %s, %r; .reg .f32 %x, %y; .reg .b64 %q; .shared .align 4 .b8 tile[{4 * THREADS}];", f"""{OWN}
  mov.u32 %s, tile;
  mad.lo.u32 %s, %t, 4, %s;
  st.global.u32 [%p], %t;
  st.shared.u32 [%s], %t;
  mov.u32 %a, %t;
  cvt.rn.f32.u32 %x, %t;
  mov.f32 %y, 0f3F800000;""", "\n".join(body), """cvt.rzi.u32.f32 %r, %x;
  add.u32 %r, %r, %a;
  st.global.u32 [%p], %r;""")


# A tile of 16x16 in shared memory times another: every second instruction is a load of it.
TILES = kernel(".reg .b32 %a, %b, %t, %r<4>; .reg .f32 %sum, %x, %y; .reg .b64 %q; .shared .align 4 .b8 as[1024]; .shared .align 4 .b8 bs[1024];", f"""{OWN}
  mov.u32 %a, as;
  mov.u32 %b, bs;
  mad.lo.u32 %r1, %t, 4, %a;
  mad.lo.u32 %r2, %t, 4, %b;
  shr.u32 %r3, %t, 4;
  mad.lo.u32 %a, %r3, 64, %a;
  and.b32 %r3, %t, 15;
  mad.lo.u32 %b, %r3, 4, %b;
  mov.f32 %sum, 0f00000000;""", f"""cvt.rn.f32.u32 %x, %n;
  st.shared.f32 [%r1], %x;
  st.shared.f32 [%r2], %x;
  bar.sync 0;
  {" ".join(f"ld.shared.f32 %x, [%a+{4 * k}]; ld.shared.f32 %y, [%b+{64 * k}]; fma.rn.f32 %sum, %x, %y, %sum;" for k in range(16))}
  bar.sync 0;""", "st.global.f32 [%p], %sum;")
# All threads add to one word by compare-and-swap.
CONTENTION = kernel(".reg .b32 %a, %b, %old; .reg .pred %lost;", "mov.u64 %p, word;", """ld.global.u32 %a, [%p];
AGAIN:
  add.u32 %b, %a, 1;
  mov.u32 %old, %a;
  atom.global.cas.b32 %a, [%p], %old, %b;
  setp.ne.u32 %lost, %a, %old;
  @%lost bra AGAIN;""", "", module=".global .u32 word = 0;")
# Name: PTX, blocks, rounds.
PROGRAMS = {**{name: (program(body), 64, 400) for name, body in BODIES.items()}, "tiles in shared memory": (TILES, 8, 400),
            "compare-and-swap of one word": (CONTENTION, 16, 16)}
HOW = {"": ["--no-race", "--no-uninit"], ", checked": []}


def run(simulator, ptx, launch, flags):
    """What it says, and the processor's seconds that it took: other programs on the machine don't matter."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    r = subprocess.run([simulator, ptx, "--launch", launch, "--json", *flags], capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if r.returncode:
        sys.exit(r.stdout + r.stderr)
    return json.loads(r.stdout), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def loop(simulator, text, blocks, most, folder, flags, repeats):
    """Thread instructions a second of one core: what the loop adds to a run with none of it; the quickest of some."""
    launches = {}
    ptx = folder / "loop.ptx"
    ptx.write_text(text)
    for rounds in (1, most):
        launches[rounds] = folder / f"loop{rounds}.json"
        launches[rounds].write_text(json.dumps({"entry": "loop", "grid": [blocks], "block": [THREADS], "params": [
            {"name": "data", "kind": "buffer", "bytes": 4 * blocks * THREADS}, {"name": "rounds", "kind": "u32", "value": rounds}]}))
    best = {}
    for rounds, launch in launches.items():
        runs = [run(simulator, ptx, launch, ["--threads", "1", *flags]) for _ in range(repeats)]
        best[rounds] = min(seconds for _, seconds in runs), runs[0][0]["thread_instructions"]
    return (best[most][1] - best[1][1]) / (best[most][0] - best[1][0])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.environ.get("GIRIH_BUILD", "build"))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    simulator = ROOT / args.build / "bin" / "girih-ptxsim"
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, (text, blocks, rounds) in PROGRAMS.items():
            for how, flags in HOW.items():
                results[name + how] = {"thread_instructions_per_core_second": loop(simulator, text, blocks, rounds, folder, flags, args.repeats)}
        case = cases.CASES["triton_matmul_large.matmul_1024"]
        launch, data = cases.write(case, folder)
        for how, flags in HOW.items():
            runs = [run(simulator, case.ptx, launch, ["--check", data, "--threads", "2", *flags]) for _ in range(args.repeats)]
            results["product of 1024^3, f16, 2 threads" + how] = {"seconds": min(out["seconds"] for out, _ in runs), "core_seconds": min(s for _, s in runs)}
    if args.json:
        print(json.dumps(results, indent=1))
        return
    for name, r in results.items():
        if "seconds" in r:
            print(f"{name:48} {r['seconds']:6.2f} s, {r['core_seconds']:.2f} s of processors in all")
        else:
            print(f"{name:48} {r['thread_instructions_per_core_second'] / 1e6:6.0f} M thread instructions a second a core")


if __name__ == "__main__":
    main()
