"""Progressive GAN: how it grows, that new layers come without a jolt, and what keeps its players healthy."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from genlib import checkpoint, training
from genlib.contract import Batch, Recipe
from genlib.models.progan import Config, Equalised, PixelNorm, ProgressiveGAN, Spread, Training, halved, stage
from genlib.nets import doubled
from genlib.spaces import Pictures


def a_model() -> ProgressiveGAN:
    """Of three stages, at 4, 8 and 16 pixels."""
    config = Config(space=Pictures(channels=3, side=16), latent=4, width=4, most=8)
    model = training.fresh(ProgressiveGAN, config, seed=0)
    assert isinstance(model, ProgressiveGAN)
    return model


def a_batch(step: int, steps: int, count: int = 6) -> Batch:
    rng = torch.Generator().manual_seed(step)
    return Batch(torch.rand(count, 3, 16, 16, generator=rng), rng, step, steps)


def test_channels_double_inwards_up_to_a_bound() -> None:
    assert Config(space=Pictures(channels=3, side=64)).channels == [128, 128, 64, 32, 16]
    assert Config(space=Pictures(side=28)).channels == [64, 32, 16]


@pytest.mark.parametrize(
    ("done", "grown"),
    [
        (0.0, 0.0), (0.2, 0.0),  # it waits at 4 pixels for a quarter of the growth,
        (0.25, 0.25), (0.3, 0.5), (0.4, 1.0),  # fades in what 8 pixels need,
        (0.5, 1.0), (0.7, 1.5),  # waits, and fades in the rest
        (0.8, 2.0), (1.0, 2.0),
    ],
)  # fmt: skip
def test_it_grows_as_by_hand(done: float, grown: float) -> None:
    model = a_model()
    growth = 0.8
    assert model.grow(done, growth) == pytest.approx(grown)
    model.grown.fill_(2.0)
    assert model.grow(done, growth) == 2.0, "a grown one shrank"


def test_stage_and_its_share() -> None:
    assert [stage(g) for g in (0.0, 0.25, 1.0, 1.5, 2.0)] == [(0, 1.0), (1, 0.25), (1, 1.0), (2, 0.5), (2, 1.0)]


def test_new_layers_come_without_a_jolt() -> None:
    """Both players do the same just before and just after a stage begins, and do so when it is all in."""
    model = a_model()
    z = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    v = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    for before in (0.0, 1.0):
        begun = before + 1e-6
        torch.testing.assert_close(model.generator(z, begun), doubled(model.generator(z, before)), atol=1e-4, rtol=0)
        x = v if before == 0 else doubled(v)
        torch.testing.assert_close(model.critic(x, begun), model.critic(halved(x), before), atol=1e-4, rtol=0)
        torch.testing.assert_close(
            model.generator(z, before + 1 - 1e-6), model.generator(z, before + 1), atol=1e-4, rtol=0
        )
        torch.testing.assert_close(model.critic(x, before + 1 - 1e-6), model.critic(x, before + 1), atol=1e-4, rtol=0)


def test_while_a_stage_comes_data_are_as_blurred_as_samples() -> None:
    x = a_batch(0, 1).x
    v, model = 2 * x - 1, a_model()
    torch.testing.assert_close(model.real(x, 0.0), halved(halved(v)))
    torch.testing.assert_close(model.real(x, 2.0), v)
    torch.testing.assert_close(model.real(x, 1.25), 0.75 * doubled(halved(v)) + 0.25 * v)


def test_only_layers_that_are_there_learn() -> None:
    model = a_model()
    optimizers = model.optimizers(Training())
    model.train_step(a_batch(0, 100), optimizers, Training())
    assert model.grown == 0
    for player in (model.generator, model.critic):
        moved = {f"{part}.{i}" for part in ("blocks", "colours") for i in range(3)}
        for name, p in player.named_parameters():
            if p.grad is None:
                moved.discard(".".join(name.split(".")[:2]))
        assert moved == {"blocks.0", "colours.0"}
    model.train_step(a_batch(99, 100), optimizers, Training())
    assert model.grown == 2


def test_a_young_ones_pictures_have_their_size_and_large_squares() -> None:
    x = a_model().eval().sample([1, 2])
    assert x.shape == (2, 3, 16, 16)
    assert torch.equal(x, F.interpolate(x[:, :, ::4, ::4], scale_factor=4))
    assert not torch.equal(x[0], x[1])


def test_weights_are_scaled_as_he_begins() -> None:
    layer = Equalised(8, 4096, 3, padding=1)
    torch.testing.assert_close((layer.scale * layer.weight).std().item(), (2 / 72) ** 0.5, atol=2e-3, rtol=0)
    assert layer.weight.std().item() == pytest.approx(1, abs=0.02)


def test_pixel_norm_has_one_length() -> None:
    h = 100 * torch.randn(2, 6, 3, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(PixelNorm()(h).square().mean(1), torch.ones(2, 3, 3))


def test_the_critic_sees_a_collapse() -> None:
    h = torch.randn(4, 5, 2, 2, generator=torch.Generator().manual_seed(0))
    seen = Spread()(h)
    assert torch.equal(seen[:, :5], h)
    torch.testing.assert_close(seen[:, 5], h.std(0, correction=0).mean().expand(4, 2, 2))
    assert Spread()(h[:1].expand(4, -1, -1, -1))[:, 5].max() < 1e-3


def test_penalty_is_of_the_slope() -> None:
    model = a_model()

    def slope_two(v: Tensor, grown: float) -> Tensor:  # in place of the critic: 3 along one pixel, no Spread
        return 3 * v[:, 0, 0, 0]

    model.critic.forward = slope_two  # type: ignore[method-assign]
    assert model.penalty(torch.rand(4, 3, 16, 16), 2.0).item() == pytest.approx(4.0)


def test_how_far_it_is_grown_is_stored_and_not_averaged(tmp_path: Path) -> None:
    class Noisy:
        name, labels, paired, size = "noise", {}, False, None  # type: ignore[var-annotated]
        space = Pictures(channels=3, side=16)

        def draw_rows(self, count: int, rng: torch.Generator) -> Batch:
            return Batch(torch.rand(count, 3, 16, 16, generator=rng), rng, 0, 1)

    recipe = Recipe(data="noise", steps=5, batch_size=4, ema=0.99)
    run = training.Run(a_model(), Noisy(), recipe, torch.device("cpu"))  # type: ignore[arg-type]
    for _ in run:
        pass
    taken = run.snapshot()
    assert isinstance(taken, ProgressiveGAN)
    assert taken.grown == 2
    spec = checkpoint.Spec(model="progan", config=taken.config.model_dump(mode="json"), recipe=recipe, trained_steps=5)
    checkpoint.save(taken, tmp_path, spec)
    loaded = checkpoint.Checkpoint.read(tmp_path).load("cpu")
    assert isinstance(loaded, ProgressiveGAN)
    assert torch.equal(loaded.sample([3]), taken.sample([3]))
