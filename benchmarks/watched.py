"""`streamlit run` that writes down when things happen in the server; benchmarks.start runs it.

    python -m benchmarks.watched EVENTS app.py [options of streamlit run]

Each line of the file EVENTS is the time (seconds since 1970) and what happened: "torch begins", "torch ends",
"script begins" and "script ends", for the first import of torch and for every run of a page's script. The hooks cost
microseconds, and nothing is imported here that Streamlit would not import itself.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any


def main() -> None:
    _, events, *command = sys.argv
    log = open(events, "w", buffering=1)  # noqa: SIM115 (as long as the process)

    def note(what: str) -> None:
        log.write(f"{time.time()} {what}\n")

    sys.meta_path.insert(0, TorchWatch(note))
    from streamlit.runtime.scriptrunner.script_runner import ScriptRunner
    from streamlit.web import cli

    run: Any = ScriptRunner._run_script

    def noted(self: ScriptRunner, *args: Any) -> None:
        note("script begins")
        try:
            run(self, *args)
        finally:
            note("script ends")

    ScriptRunner._run_script = noted  # type: ignore[method-assign, assignment]
    sys.argv = ["streamlit", "run", *command]
    cli.main()


class TorchWatch(importlib.abc.MetaPathFinder):
    """Finds nothing itself: it has the usual loader of torch say when it begins and ends."""

    def __init__(self, note: Callable[[str], None]) -> None:
        self.note = note

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec and spec.loader:
            load = spec.loader.exec_module

            def noted(module: ModuleType) -> None:
                self.note("torch begins")
                load(module)
                self.note("torch ends")

            spec.loader.exec_module = noted  # type: ignore[method-assign]
        return spec


if __name__ == "__main__":
    main()
