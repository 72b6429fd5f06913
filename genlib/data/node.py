"""npm packages, and pictures drawn by programs that node runs: faces.mjs, emoji.mjs and icons.mjs beside this file.

Both are kept, so nothing is downloaded or drawn twice:

    packages -> work/npm            those of package-lock.json
    drawings -> work/drawn/*.rgb    in parts: an interrupted run goes on at the next part
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genlib.data.manifest import DataError

Progress = Callable[[str], None]
HERE = Path(__file__).parent
PART = 500  # drawings per run of the drawing program


def packages(work: Path, progress: Progress) -> Path:
    """The folder work/npm, with the pinned packages and the drawing programs in it. Raises DataError."""
    npm = work / "npm"
    npm.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "faces.mjs", "emoji.mjs", "icons.mjs"):
        shutil.copyfile(HERE / name, npm / name)
    done = npm / "node_modules" / ".done"
    wanted = (HERE / "package-lock.json").read_bytes()
    if not (done.is_file() and done.read_bytes() == wanted):
        progress("npm: installing the pinned packages (130 MB)")
        shutil.copyfile(HERE / "package-lock.json", npm / "package-lock.json")
        run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            npm,
            "The npm packages can't be installed; check the network, then run python -m genlib data build again.",
        )
        done.write_bytes(wanted)
    return npm


def draw(script: str, side: int, plan: Sequence[Any], work: Path, progress: Progress) -> Iterator[np.ndarray]:
    """Draw what the plan lists with `script`.mjs. Yields uint8 (up to PART, side, side, 3), one part after the other.

    A part that was drawn before is read. Raises DataError.
    """
    npm = packages(work, progress)
    drawn = work / "drawn"
    drawn.mkdir(exist_ok=True)
    program = (HERE / f"{script}.mjs").read_bytes() + (HERE / "package-lock.json").read_bytes()
    for start in range(0, len(plan), PART):
        part = json.dumps(plan[start : start + PART])
        count = len(plan[start : start + PART])
        path = drawn / f"{script}-{hashlib.sha256(program + part.encode()).hexdigest()[:20]}.rgb"
        if not path.is_file():
            progress(f"{script}: drawing {start + count} of {len(plan)}")
            (npm / "plan.json").write_text(part)
            failed = "The drawing program failed; delete the work folder and run python -m genlib data build again."
            run(["node", f"{script}.mjs", "plan.json", "part.rgb"], npm, failed)
            if (npm / "part.rgb").stat().st_size != count * side * side * 3:
                raise DataError(failed)
            (npm / "part.rgb").rename(path)
        yield np.fromfile(path, np.uint8).reshape(count, side, side, 3)


def run(command: list[str], folder: Path, failure: str) -> None:
    """Run a program in `folder`, half an hour at most. Raises DataError, with `failure` where it does not end well."""
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1800)
    except FileNotFoundError:
        raise DataError(
            f"The program {command[0]} is not installed; install it, then run python -m genlib data build again."
        ) from None
    except subprocess.TimeoutExpired:
        raise DataError(failure) from None
    if done.returncode:
        raise DataError(failure) from RuntimeError(done.stderr[-2000:])
