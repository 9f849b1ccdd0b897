"""Reads a plan, and fails unless each argument holds: a Python expression of its kernels' predicted nanoseconds, by their names."""
import re
import sys

times = {name: int(ns) for name, ns in re.findall(r'girih\.kernel "(\w+)".*?predicted = (\d+)', sys.stdin.read())}
wrong = [claim for claim in sys.argv[1:] if not eval(claim, {}, times)]
if wrong:
    sys.exit(f"{'; '.join(wrong)} is not so: {times}")
