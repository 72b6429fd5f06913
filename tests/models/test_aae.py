"""The adversarial autoencoder: who moves when, and that the game brings codes to their law."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch.optim import SGD

from genlib import data
from genlib.contract import Batch, Criticises, Recipe, Scores
from genlib.models.aae import AdversarialAutoencoder, Config, Training
from genlib.spaces import Points
from genlib.training import Run, fresh


def model_of(**config: object) -> AdversarialAutoencoder:
    torch.manual_seed(0)
    return AdversarialAutoencoder(Config.model_validate({"space": Points(), "width": 16, "units": 16, **config}))


def test_the_game_brings_the_codes_to_their_law() -> None:
    """Each coordinate of the codes gets the prior's deciles: neither a hole, nor a crowd, nor a shift."""
    points, config = data.load_points("moons"), Config(space=Points(), width=32, units=64, latent=2)
    recipe = Recipe(
        data="moons", steps=600, batch_size=128, cooldown=0.5, ema=0.99, training={"regularisation_rate": 3e-4}
    )
    run = Run(fresh(AdversarialAutoencoder, config, 0), points, recipe, torch.device("cpu"), bfloat16=False)
    x, shares = points.sample(2000), torch.linspace(0.1, 0.9, 9)
    wanted = torch.special.ndtri(shares)[:, None]
    assert (run.snapshot().encode(x).quantile(shares, 0) - wanted).abs().max() > 1, "they have it from the start"
    for _ in run:
        pass
    model = run.snapshot()
    z = model.encode(x)
    assert (z.quantile(shares, 0) - wanted).abs().max() < 0.5
    assert (model.decode(z) - x).square().mean() < 0.01, "the game has cost the reconstruction"


def test_each_phase_moves_its_own_part() -> None:
    model = model_of(latent=2)
    still = {
        "autoencoder": SGD([*model.encoder.parameters(), *model.decoder.parameters()], 0.0),
        "discriminator": SGD(model.discriminator.parameters(), 0.0),
        "generator": SGD(model.encoder.parameters(), 0.0),
    }
    for name, expected in (
        ("autoencoder", {"encoder", "decoder"}),
        ("discriminator", {"discriminator"}),
        ("generator", {"encoder"}),
    ):
        before = {key: value.clone() for key, value in model.state_dict().items()}
        moving = still | {name: SGD([p for group in still[name].param_groups for p in group["params"]], 1e-2)}
        model.train_step(Batch(torch.rand(16, 2), torch.Generator().manual_seed(0), 0, 1), moving, Training())
        moved = {
            key.partition(".")[0] for key, value in model.state_dict().items() if not torch.equal(value, before[key])
        }
        assert moved == expected


def test_a_uniform_law_is_drawn_from() -> None:
    model = model_of(latent=3, law="uniform")
    z = model.prior(range(200))
    assert z.abs().max() <= 1
    assert z.abs().max() > 0.9
    assert torch.equal(model.prior([3], model.Controls(temperature=0.5)), 0.5 * z[3:4])


def test_it_has_no_word_on_pictures() -> None:
    assert not issubclass(AdversarialAutoencoder, Criticises | Scores)


def test_convolutions_take_pictures_only() -> None:
    with pytest.raises(ValidationError, match="pictures only"):
        Config(space=Points(), network="conv")
