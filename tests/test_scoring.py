"""What a likelihood is good for: bounds that tighten, and scores that tell the odd from the usual."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score, roc_curve
from torch import Tensor

from genlib import scoring
from genlib.contract import Bounds, Decodes, Encodes, Latent, LogProb, Scores
from genlib.models.vae import VAE, Config
from genlib.spaces import Pictures


class Given(Scores, Bounds):
    """Draws that are given, in parts of seven."""

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights

    def log_prob(self, x: Tensor) -> LogProb:
        return self.bound(x, 5)

    def bound(self, x: Tensor, samples: int) -> LogProb:
        nats = self.weights[:, :samples].logsumexp(1) - math.log(samples)
        return LogProb(nats, "lower bound", f"{samples} draws")

    def log_weights(self, x: Tensor, samples: int) -> Iterator[Tensor]:
        yield from self.weights[:, :samples].split(7, 1)


def test_the_bound_rises_for_every_x_and_in_the_end_all_draws_count_as_one() -> None:
    weights = 3 * torch.randn(6, 5000, generator=torch.Generator().manual_seed(0)) - 90
    *earlier, last = scoring.tighten(Given(weights), torch.zeros(6, 1))
    assert (last.done, last.draws, tuple(last.nats)) == (5000, 5000, scoring.DRAWS)
    values = torch.stack([last.nats[k] for k in scoring.DRAWS])
    assert (values.diff(dim=0) > 0).all()
    torch.testing.assert_close(values[0], weights.mean(1))
    torch.testing.assert_close(values[-1], weights.logsumexp(1) - math.log(5000))
    # log E exp of N(-90, 9), which no bound passes on average
    assert values[-1].mean() < -90 + 9 / 2 + 0.2
    assert [step.done for step in earlier[:3]] == [7, 14, 21]
    assert tuple(earlier[0].nats) == (1, 5)


def test_a_vae_s_bound_ends_where_its_own_method_does() -> None:
    torch.manual_seed(0)
    model = VAE(Config(space=Pictures(side=8), latent=4, width=32)).eval()
    x = torch.rand(3, 1, 8, 8)
    *_, last = scoring.tighten(model, x)
    torch.testing.assert_close(last.nats[5000], model.bound(x, 5000).nats)
    assert model.bound(x, 5000).note.startswith("5,000 importance samples, of on-off")
    assert torch.equal(model.bound(x, 50).nats, model.log_prob(x).nats)


class Toy(Scores, Encodes, Decodes):
    """Likelier the darker; keeps the first half of a picture only."""

    @classmethod
    def latent(cls, config: object) -> Latent:
        return Latent(2, "none")

    def log_prob(self, x: Tensor) -> LogProb:
        return LogProb(-x.flatten(1).sum(1), "exact", "added up")

    def encode(self, x: Tensor) -> Tensor:
        return x.flatten(1)[:, :2]

    def decode(self, z: Tensor) -> Tensor:
        return torch.cat([z, torch.zeros_like(z)], 1).view(-1, 1, 2, 2)


def test_what_is_held_of_many_x(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "BATCH", 2)
    x = torch.tensor([[0, 0, 0, 255], [255, 255, 0, 0], [0, 0, 0, 0]], dtype=torch.uint8).view(3, 1, 2, 2)
    found = scoring.scored(Toy(), x)
    both = scoring.joined([scoring.scored(Toy(), x[:1]), scoring.scored(Toy(), x[1:])])
    assert both.errors is not None
    assert (both.nats.tolist(), both.errors.tolist()) == ([-1, -2, 0], [0.5, 0, 0])
    assert (found.kind, found.note) == ("exact", "added up")
    assert found.nats.tolist() == [-1, -2, 0]
    assert found.errors is not None
    assert found.errors.tolist() == [0.5, 0, 0]
    assert found.oddity("likelihood", -1).tolist() == [1, 2, 0]
    assert found.oddity("typicality", -1).tolist() == [0, 1, 1]
    assert torch.equal(found.oddity("reconstruction", -1), found.errors)
    assert scoring.scores_of(Toy) == ("likelihood", "typicality", "reconstruction")
    assert scoring.scores_of(Given) == ("likelihood", "typicality")


def test_so_many_draws_where_a_model_takes_some() -> None:
    weights = torch.randn(1, 5000, generator=torch.Generator().manual_seed(0))
    assert scoring.likelihood(Given(weights), torch.zeros(1, 1), 3).note == "3 draws"
    assert scoring.likelihood(Given(weights), torch.zeros(1, 1)).note == "5 draws"
    assert scoring.likelihood(Toy(), torch.zeros(1, 1, 2, 2), 3).note == "added up"


@pytest.mark.parametrize("digits", [1, 6])
def test_area_and_curve_are_scikit_learn_s(digits: int) -> None:
    """With ties, too."""
    rng = np.random.default_rng(0)
    usual, odd = rng.normal(0, 1, 300).round(digits), rng.normal(0.7, 2, 200).round(digits)
    truth, score = np.repeat([0, 1], [300, 200]), np.concatenate([usual, odd])
    usual_, odd_ = torch.from_numpy(usual), torch.from_numpy(odd)
    assert scoring.area(usual_, odd_) == pytest.approx(roc_auc_score(truth, score))
    false, true, _ = roc_curve(truth, score, drop_intermediate=False)
    np.testing.assert_allclose(np.stack([a.numpy() for a in scoring.roc(usual_, odd_)]), np.stack([false, true]))


def test_bits() -> None:
    assert scoring.bits_per_dim(-784 * math.log(2), (1, 28, 28)) == pytest.approx(1)


def test_what_is_said_of_an_estimate_has_its_error_and_its_other_end() -> None:
    answer = LogProb(torch.tensor([-80.0]), "estimate", "of coins", error=0.25, other=-1.5)
    assert scoring.said(answer, (1, 4, 4)).startswith("-80.0000 nats ± 0.2500 (from the other end -81.5000), 7.2135 ")
