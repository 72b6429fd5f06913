"""Where the browser of the browser tests is. As a program: print the path, or exit with 1 where there is none."""

from __future__ import annotations

import os
import shutil
import sys

# The first is without a window from the start, and takes a fifth less of the processor.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

# Without these it keeps trying to reach outside hosts, and as root it does not start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find() -> str | None:
    """The path of a Chromium or Chrome: $CHROMIUM, else the first on the PATH, else macOS's, else None."""
    named = os.environ.get("CHROMIUM")
    found = (shutil.which(name) for name in ((named,) if named else NAMES + MAC))
    return next((path for path in found if path), None)


if __name__ == "__main__":
    path = find()
    print(path or "No Chromium or Chrome was found.")
    sys.exit(path is None)
