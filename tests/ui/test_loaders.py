"""What the pages load."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genlib import catalog, checkpoint
from genlib.contract import Recipe
from genlib.sheets import to_uint8
from genlib.spaces import Pictures
from genlib.ui import loaders


@pytest.mark.parametrize(("side", "count", "chunks"), [(64, 32, [32]), (64, 65, [32, 32, 1]), (256, 3, [2, 1])])
def test_large_pictures_are_sampled_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: int, count: int, chunks: list[int]
) -> None:
    cls: Any = catalog.model_class("gan")
    torch.manual_seed(0)
    made = cls(cls.Config(space=Pictures(side=side), width=16, latent=4)).eval()
    spec = checkpoint.Spec(model="gan", config=made.config.model_dump(), recipe=Recipe(data="digits"))
    checkpoint.save(made, tmp_path, spec)
    wanted = to_uint8(made.sample(range(count)))
    sizes: list[int] = []
    sample = cls.sample

    def counted(self: Any, seeds: Sequence[int], *args: Any) -> Any:
        sizes.append(len(seeds))
        return sample(self, seeds, *args)

    monkeypatch.setattr(cls, "sample", counted)
    found = loaders.samples(checkpoint.Checkpoint.read(tmp_path), range(count), cls.Controls())
    assert sizes == chunks
    assert np.abs(found.astype(int) - wanted).max() <= 1
