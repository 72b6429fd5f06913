"""What is seen of a model, against what is known exactly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from genlib import catalog, data
from genlib.contract import Criticises, Criticism, Decodes, Encodes, Samples, Trains
from genlib.lab.grid import SIDE
from genlib.lab.seen import LATTICE, LINE, MADE, PUSHED, Watcher, slopes
from genlib.spaces import Points
from genlib.training import fresh

LEARNERS = [
    name
    for name in catalog.model_names()
    if issubclass(catalog.model_class(name), Trains) and Points in catalog.model_class(name).Config.spaces()
]


@pytest.mark.parametrize("name", data.point_names())
def test_the_data_itself_is_near_perfect(name: str) -> None:
    watcher, points = Watcher(data.load_points(name)), data.load_points(name, "test").sample(MADE)
    found = watcher.gauges(points)
    assert found.sharp > 0.97
    assert found.js < 0.1
    assert found.reverse_kl < 0.2
    assert found.emd < 0.1 * float(points.max(0).values.sub(points.min(0).values).max())
    if found.modes:
        assert found.covered == found.modes
        assert found.uneven < 0.05
    else:
        assert found.covered > 0.9
        assert math.isnan(found.uneven)


def test_one_mode_of_eight_is_told_by_every_gauge() -> None:
    watcher = Watcher(data.load_points("ring8"))
    one = watcher.law.means[:1].float() + 0.01 * torch.randn(MADE, 2, generator=torch.Generator().manual_seed(0))
    found = watcher.gauges(one)
    assert (found.modes, found.covered) == (8, 1)
    assert found.sharp > 0.97
    assert found.uneven == pytest.approx(math.log(8))  # all samples in one of eight
    assert found.reverse_kl == pytest.approx(math.log(8), abs=0.1)  # and on the grid it is the same
    assert found.js > 0.4
    assert found.emd > 0.8


def test_both_sides_are_blurred_alike() -> None:
    """Of many samples of the law the density on the grid tends to the blurred law's."""
    source = data.load_points("two-gaussians")
    watcher = Watcher(source)
    many = source.draw(200_000, torch.Generator().manual_seed(0))
    law, found = watcher.grid.of_law(source.density).exp(), watcher.grid.of_points(many).exp()
    assert (law - found).abs().max() < 0.03 * law.max()
    cell = float(torch.prod((watcher.grid.high - watcher.grid.low) / (SIDE[2] - 1)))
    assert float(found.sum()) * cell == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("name", LEARNERS)
@pytest.mark.parametrize("points", ["ring8", "mixture1d"])
def test_every_model_that_learns_points_is_seen_by_what_it_can_do(name: str, points: str) -> None:
    cls: Any = catalog.model_class(name)
    source = data.load_points(points)
    tiny = next(config for config in cls.tiny() if isinstance(config.space, Points))
    try:
        config = cls.config_for(source.info, **tiny.model_dump(exclude={"space"}))
    except ValidationError:  # a flow's halves need two dimensions
        assert points == "mixture1d"
        return
    watcher = Watcher(source)
    seen = watcher(fresh(cls, config, 0).eval(), 0)
    dims, shape = source.space.dims, (watcher.grid.side,) * source.space.dims
    assert seen.made.shape == (MADE, dims)
    assert (seen.word is not None) == issubclass(cls, Criticises)
    assert seen.word is None or seen.word.shape == shape
    assert seen.optimal.shape == shape
    assert ((seen.optimal >= 0) & (seen.optimal <= 1)).all()
    assert issubclass(cls, Samples) or issubclass(cls, Encodes)
    if seen.lattice is not None:
        assert issubclass(cls, Decodes)
        assert seen.lattice.shape in ((LATTICE, LATTICE, 2), (1, LINE, 2))


def test_the_lattice_and_the_word_are_the_models_own() -> None:
    cls: Any = catalog.model_class("gan")
    source = data.load_points("ring8")
    model = fresh(cls, cls.config_for(source.info, latent=2, width=16, batch_norm=False), 0).eval()
    watcher = Watcher(source)
    seen = watcher(model, 0)
    assert seen.lattice is not None
    middle = model.decode(torch.zeros(1, 2)).detach().numpy()[0]
    assert np.allclose(seen.lattice[LATTICE // 2, LATTICE // 2], middle, atol=1e-5)
    assert seen.word is not None
    right = model.decode(torch.tensor([[float(torch.special.ndtri(torch.tensor(0.98))), 0.0]])).detach().numpy()[0]
    assert np.allclose(seen.lattice[LATTICE // 2, -1], right, atol=1e-4)  # rows go along the first number
    corner = torch.stack([watcher.grid.high[0], watcher.grid.low[1]])[None]  # the last of the first row
    assert seen.word[0, -1] == pytest.approx(float(model.criticise(corner).score.detach()[0]), abs=1e-5)
    assert seen.meaning == "probability"


@pytest.mark.parametrize(("meaning", "sign"), [("critic value", 1), ("energy", -1)])
def test_the_arrows_point_to_where_a_judge_sees_data(meaning: Any, sign: int) -> None:
    """Of a bowl about (1, -2) the slope is known; an energy is low where data are."""

    class Judge(Criticises):
        def criticise(self, x: torch.Tensor) -> Criticism:
            return Criticism(-sign * (x - torch.tensor([1.0, -2.0])).square().sum(1), meaning)

    with torch.inference_mode():  # as a watcher looks
        x = torch.randn(7, 2)
        found = slopes(Judge(), x)
    np.testing.assert_allclose(found, -2 * (x.numpy() - [1, -2]), rtol=1e-5)


@pytest.mark.parametrize("name", LEARNERS)
def test_who_judges_points_of_the_plane_pushes_them(name: str) -> None:
    cls = catalog.model_class(name)
    config = next(config for config in cls.tiny() if isinstance(config.space, Points))
    seen = Watcher(data.load_points("ring8"))(fresh(cls, config, 0).eval(), 0)
    if issubclass(cls, Criticises):
        assert seen.pushes is not None
        assert seen.pushes.shape == (PUSHED, 2)
        assert np.isfinite(seen.pushes).all()
    else:
        assert seen.pushes is None
