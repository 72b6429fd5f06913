"""Whether the colour of a hint is kept in its region: python -m benchmarks.hinting [--pictures 150] [checkpoint ...]

For every checkpoint that colours drawings by hints, on held-out pictures of each set it learned from: hints at ten
random places of each, in the true colours and in random ones. A hint's region is what it is spread over: all that is
white within the closed lines around it, or the patch itself where they are open. Printed is the mean over regions of
the mean CIEDE2000 between the hint's colour and the model's own answer without a seed: in all of the region, and in
what is two pixels or more away from its outline. (On the page, flat areas have the colour that was given, exactly.)
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from skimage.color import deltaE_ciede2000, rgb2lab
from torch import Tensor

import genlib
from genlib import data, sources
from genlib.contract import TakesHints, Translates
from genlib.hints import spread
from genlib.measures.translation import held_out

PLACES, LEAST = 10, 12  # hints a picture, and pixels of a region


def regions(drawing: Tensor, hints: Tensor) -> Iterator[np.ndarray]:
    """Masks (H, W) of what each colour of hints (4, H, W) speaks for in a drawing (1, H, W)."""
    values = spread(drawing, hints).numpy()
    known = (values[3] > 0) & (drawing[0].numpy() > 0.5)
    for colour in np.unique(values[:3, known], axis=1).T:
        parts, count = ndimage.label(known & (values[:3] == colour[:, None, None]).all(0))
        yield from (parts == n for n in range(1, count + 1) if np.sum(parts == n) >= LEAST)


def apart(model: Any, drawings: Tensor, hints: Tensor) -> np.ndarray:
    """Means of CIEDE2000 over each region (N, 2): over all of it, and over its inside (NaN where there is none)."""
    found = []
    for x, wanted in zip(drawings, hints, strict=True):
        made = model.translate_hinted(x[None], model.worlds(model.config).sources[0], wanted[None])[0]
        said = spread(x, wanted)[:3]
        off = deltaE_ciede2000(*(rgb2lab(picture.permute(1, 2, 0).numpy()) for picture in (said, made.cpu())))
        for region in regions(x, wanted):
            inside = ndimage.binary_erosion(region, iterations=2)
            found.append((off[region].mean(), off[inside].mean() if inside.any() else np.nan))
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("checkpoints", nargs="*")
    parser.add_argument("--pictures", type=int, default=150)
    args = parser.parse_args()
    torch.set_num_threads(1)

    there = sources.checkpoints()
    for name in args.checkpoints or there:
        checkpoint = there[name]
        cls = checkpoint.model_class
        if not (issubclass(cls, TakesHints) and issubclass(cls, Translates)):
            continue
        (source,) = cls.worlds(checkpoint.config).sources
        if source.kind != "drawing":
            continue
        model: Any = genlib.load(name)
        for part in data.parts(checkpoint.spec.recipe.data):
            test = held_out(part, model.shape[-1])
            x, truths = model.examples(test.take(slice(None, None, max(1, len(test) // args.pictures))), source)
            rng = torch.Generator().manual_seed(0)
            true = model.hints_from(truths, x, [PLACES] * len(x), rng)
            for kind, shown in (("true", truths), ("random", torch.rand(truths.shape, generator=rng))):
                hints = true if kind == "true" else model.hints_from(shown, x, [PLACES] * len(x), rng)
                with torch.inference_mode():
                    found = apart(model, x, hints)
                print(
                    f"{name:18} {part:8} {kind:7} {len(x)} pictures, {len(found)} regions: mean "
                    f"{found[:, 0].mean():.1f}, inside {np.nanmean(found[:, 1]):.1f}, "
                    f"share of regions under 5 {np.mean(found[:, 0] < 5):.0%}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
