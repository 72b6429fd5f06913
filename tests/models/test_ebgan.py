"""The energy game: its margin, the pulling-away term, and that data gets the lower energy."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from genlib import training
from genlib.contract import Batch
from genlib.models.ebgan import EBGAN, Training, pulling_away


def ebgan() -> EBGAN:
    model = training.fresh(EBGAN, EBGAN.tiny()[0], seed=0)
    assert isinstance(model, EBGAN)
    return model


def batch(x: Tensor, step: int = 0) -> Batch:
    return Batch(x, torch.Generator().manual_seed(step), step, 1000)


def test_pulling_away_is_the_mean_squared_cosine_of_two_codes() -> None:
    """Section 2.4, written as the sum it is."""
    s = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    pairs = [(i, j) for i in range(7) for j in range(7) if i != j]
    by_hand = sum(float((s[i] @ s[j] / (s[i].norm() * s[j].norm())) ** 2) for i, j in pairs) / (7 * 6)
    assert pulling_away(s).item() == pytest.approx(by_hand, rel=1e-5)
    assert pulling_away(torch.eye(5)).item() == pytest.approx(0, abs=1e-6)
    assert pulling_away(torch.ones(5, 3)).item() == pytest.approx(1, rel=1e-5)


def test_samples_beyond_the_margin_teach_d_nothing() -> None:
    """With a margin below every sample's energy, D moves as an autoencoder of data alone."""
    x = torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    game, alone = ebgan(), ebgan()
    how = Training(margin=1e-6)
    game.train_step(batch(x), game.optimizers(how), how)
    optimizer = alone.optimizers(how)["discriminator"]
    alone.energy(2 * x - 1)[0].mean().backward()
    optimizer.step()
    for name in ("encoder", "decoder"):
        for p, q in zip(getattr(game, name).parameters(), getattr(alone, name).parameters(), strict=True):
            torch.testing.assert_close(p, q)


def test_data_gets_the_lower_energy() -> None:
    """Bars against what G makes of nothing: after some steps D tells them apart, on bars it has not seen."""
    rng = torch.Generator().manual_seed(2)

    def bars(count: int) -> Tensor:
        return torch.rand(count, 1, 8, 1, generator=rng).round().expand(-1, -1, -1, 8).clone()

    model, how = ebgan(), Training(generator_rate=1e-6, discriminator_rate=3e-3, margin=1.0)
    optimizers = model.optimizers(how)
    for step in range(300):
        model.train_step(batch(bars(32), step), optimizers, how)
    data, made = model.criticise(bars(64)), model.criticise(model.sample(range(64)))
    assert data.meaning == "energy"
    assert data.score.mean() < 0.7 * made.score.mean()
