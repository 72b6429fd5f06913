"""The lines of Python that make again what a page shows."""

from __future__ import annotations

import json

from genlib.contract import Controls
from genlib.parcels import SUFFIX
from genlib.query import parted

WHERE = "# genlib: `pip install -e .` in the folder of this project, where app.py is."


def script(name: str, seeds: range, controls: Controls, kind: str) -> str:
    """For what the checkpoint `name` samples: kind "pictures" writes pictures.png, "points" writes points.csv."""
    model, revision = parted(name)
    which = json.dumps(model) + (f", revision={json.dumps(revision)}" if revision else "")
    opened = name.endswith(SUFFIX)
    if opened:
        which = f"Path({json.dumps(name.removesuffix(SUFFIX))})"
    turned = ", ".join(f"{k}={v!r}" for k, v in controls.model_dump(exclude_defaults=True).items())
    asked = f"range({seeds.start}, {seeds.stop})" + (f", model.Controls({turned})" if turned else "")
    if kind == "pictures":
        imports = "from genlib.sheets import grid, png, to_uint8"
        written = 'open("pictures.png", "wb").write(png(grid(to_uint8(x))))'
    else:
        imports = "import numpy"
        written = 'numpy.savetxt("points.csv", x.cpu().numpy(), delimiter=",")'
    if opened:
        imports = f"from pathlib import Path  # {name} has to be unpacked here\n{imports}"
    lines = (WHERE, "import genlib", imports, f"model = genlib.load({which})", f"x = model.sample({asked})", written)
    return "\n".join(lines) + "\n"
