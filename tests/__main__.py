"""`./run test`: lint, format, types, and the whole suite on all cores. With arguments: pytest with them.

Every step runs even if one before it failed, so that one run tells everything; the exit code says whether
all passed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON: Final = sys.executable
_WORKERS: Final = str(max(2, min(os.cpu_count() or 2, 8)))
STEPS: Final[tuple[tuple[str, list[str]], ...]] = (
    ("lint", [PYTHON, "-m", "ruff", "check", "."]),
    ("format", [PYTHON, "-m", "ruff", "format", "--check", "."]),
    ("types", [PYTHON, "-m", "mypy"]),
    # A file's tests stay in one process: their servers start once. (loadgroup is ignored by pytest 9.2 with xdist 3.8.)
    # In the order of collection, where what takes long is first (conftest), not by the number of a file's tests.
    ("tests", [PYTHON, "-m", "pytest", "-n", _WORKERS, "--dist", "loadfile", "--no-loadscope-reorder"]),
)


#: Where a flush costs nothing: no test is about a disk that loses power, and every SQLite commit here waits for one.
_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 6 << 30


def main(arguments: list[str]) -> int:
    if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ["TMPDIR"] = str(_MEMORY)
    # Each worker rewrites the assertions of all test files, and each process that a test starts compiles what it needs:
    # where bytecode is forbidden, anew every time.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if arguments:
        return subprocess.run([PYTHON, "-m", "pytest", *arguments], cwd=ROOT, check=False).returncode
    outcomes = []
    for name, command in STEPS:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        outcomes.append((name, code, time.monotonic() - started))
    print("== result")
    for name, code, seconds in outcomes:
        print(f"{name:8} {'passed' if code == 0 else 'FAILED'}  {seconds:6.1f} s")
    return max(abs(code) for _, code, _ in outcomes)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
