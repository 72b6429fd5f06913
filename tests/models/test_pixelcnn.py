"""The chain rule by convolutions: it sums to one, looks back at everything and never ahead, and the quick sampler draws
what the network says, pixel for pixel."""

from __future__ import annotations

import copy

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from genlib import training
from genlib.contract import Batch
from genlib.models import pixelcnn
from genlib.models.pixelcnn import Config, Controls, PixelCNN, Sampler, Training, draw, gate, log_likelihood
from genlib.noise import Noise
from genlib.spaces import Pictures


def a_model(side: int = 6, scale: float = 2.0, **config: int) -> PixelCNN:
    """With weights that are large enough for each pixel to matter to those after it."""
    model = training.fresh(PixelCNN, Config(space=Pictures(side=side), **{"width": 6, "layers": 5, **config}), seed=0)
    assert isinstance(model, PixelCNN)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(scale)
    return model.eval().requires_grad_(False)


def some_levels(count: int, side: int, levels: int) -> Tensor:
    return torch.randint(levels, (count, side, side), generator=torch.Generator().manual_seed(1))


def naively(model: PixelCNN, seeds: range, temperature: float = 1.0) -> Tensor:
    """A picture as the equations say: the whole network once a pixel."""
    side = model.config.space.side
    u = Noise(seeds).uniform(side, side)
    levels = torch.zeros(len(seeds), side, side, dtype=torch.long)
    for r in range(side):
        for c in range(side):
            levels[:, r, c] = draw(model.logits(levels)[:, :, r, c], u[:, r, c], temperature)[0]
    return model.grey(levels)[:, None]


# --- The law ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [2, 5, 10])
def test_no_pixel_sees_itself_or_a_later_one_and_all_earlier_ones_are_seen(layers: int) -> None:
    """Earlier ones as far as the layers reach. By the derivative, which is exactly 0 where nothing is seen."""
    side = 9
    model = a_model(side, layers=layers).double()
    x = (torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(3)) - 0.5).double()

    def summed(x: Tensor) -> Tensor:
        """One number for each pixel: a random sum of its logits."""
        return (model.network(x) * torch.tensor([0.7, -1.3]).view(1, 2, 1, 1)).sum(1).flatten()

    seen = torch.autograd.functional.jacobian(summed, x).flatten(1) != 0  # [i, j]: pixel i sees pixel j
    before = torch.ones(side**2, side**2).tril(-1).bool()
    assert not seen[~before].any(), "a pixel sees itself, or what comes after it"
    up = 3 + sum(pixelcnn.DILATIONS[i % 3] for i in range(layers - 1))  # rows above, and columns to each side of those
    left = 3 + layers - 1
    r, c = torch.arange(side**2) // side, torch.arange(side**2) % side
    rows, columns = r[:, None] - r, c[:, None] - c
    reach = ((rows > 0) & (rows <= up)) & (columns.abs() <= 3) | ((rows == 0) & (columns <= left))
    assert seen[before & reach].all(), "a blind spot"
    if layers == 10:
        assert torch.equal(seen, before), "with all layers a pixel sees the whole picture before it"


def test_changing_a_pixel_moves_no_logit_before_it_nor_its_own() -> None:
    model = a_model(levels=4)
    levels = some_levels(1, 6, 4)
    before = model.logits(levels)
    for j in range(36):
        other = levels.clone()
        other.view(-1)[j] = (other.view(-1)[j] + 1) % 4
        changed = (model.logits(other) != before).any(1).flatten()
        assert not changed[: j + 1].any()
        assert changed[j + 1 : j + 4].all()


@pytest.mark.parametrize("levels", [2, 3])
def test_probabilities_of_all_pictures_sum_to_one(levels: int) -> None:
    """All 512 of 3 x 3 on-off pixels. A space has 4 pixels a side at least: the network is asked without one."""
    side = 3 if levels == 2 else 2
    config = Config.model_construct(
        space=Pictures.model_construct(side=side, channels=1), levels=levels, width=6, layers=4
    )
    model = training.fresh(PixelCNN, config, seed=0).double().requires_grad_(False)
    assert isinstance(model, PixelCNN)
    for p in model.parameters():
        p.mul_(2)
    pixels = side**2
    pictures = (torch.arange(levels**pixels)[:, None] // levels ** torch.arange(pixels) % levels).view(-1, side, side)
    nats = log_likelihood(pictures, model.network(2 * model.grey(pictures.double())[:, None] - 1))
    assert nats.exp().sum().item() == pytest.approx(1, abs=1e-9)
    assert nats.exp().max() > 2 / len(pictures), "every picture is as likely as any other"


def test_log_prob_is_the_chain_rule_written_out() -> None:
    """Pixel by pixel, from pictures of which nothing after it is there yet."""
    model = a_model(4, levels=3)
    levels = some_levels(5, 4, 3)
    expected = torch.zeros(5)
    for i in range(16):
        so_far = levels.flatten(1).clone()
        so_far[:, i:] = 0
        law = model.logits(so_far.view(5, 4, 4)).flatten(2)[:, :, i].softmax(1)
        expected += law.gather(1, levels.flatten(1)[:, i, None])[:, 0].log()
    answer = model.log_prob(model.grey(levels)[:, None])
    assert answer.kind == "exact"
    torch.testing.assert_close(answer.nats, expected)


@pytest.mark.parametrize("levels", [2, 8])
def test_a_pictures_number_is_its_own_in_any_batch(levels: int) -> None:
    model = a_model(levels=levels)
    grey = torch.rand(6, 1, 6, 6, generator=torch.Generator().manual_seed(2))
    nats = model.log_prob(grey).nats
    torch.testing.assert_close(model.log_prob(grey.flip(0)).nats.flip(0), nats)
    torch.testing.assert_close(model.log_prob(grey[2:3]).nats, nats[2:3])


def test_greys_are_read_as_levels() -> None:
    eight = a_model(4, levels=8)
    x = torch.tensor([0, 0.05, 0.08, 0.5, 0.99, 1]).repeat(3)[:16].view(1, 1, 4, 4)
    assert eight.levels(x).flatten()[:6].tolist() == [0, 0, 1, 4, 7, 7]
    assert torch.equal(eight.grey(torch.tensor([0, 7])), torch.tensor([0.0, 1.0]))
    two = a_model(4)
    u = torch.full((1, 4, 4), 0.06)
    assert two.levels(x, u).flatten()[:6].tolist() == [0, 0, 1, 1, 1, 1], "on with its grey as probability"
    assert two.levels(x).flatten()[:6].tolist() == [0, 0, 0, 0, 1, 1]


def test_the_gate_is_the_papers() -> None:
    x = torch.randn(3, 8, 2, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(gate(x), torch.tanh(x[:, :4] / 2) * torch.sigmoid(x[:, 4:]))


def test_learning_finds_a_law() -> None:
    """Pixel 1 copies pixel 0, a fair coin; the others are off. Its entropy is log 2."""
    model = training.fresh(PixelCNN, Config(space=Pictures(side=4), width=8, layers=3), seed=0)
    assert isinstance(model, PixelCNN)
    how = Training(learning_rate=0.02)
    optimizers, rng = model.optimizers(how), torch.Generator().manual_seed(0)
    for step in range(250):
        x = torch.zeros(16, 16)
        x[::2, :2] = 1
        model.train_step(Batch(x.view(16, 1, 4, 4), rng, step, 250), optimizers, how)
    both = torch.zeros(2, 16)
    both[1, :2] = 1
    with torch.no_grad():
        nats = model.log_prob(both.view(2, 1, 4, 4)).nats
    torch.testing.assert_close(nats, torch.full((2,), -0.6931), atol=0.15, rtol=0)


# --- Sampling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [{}, {"levels": 5}, {"layers": 2}, {"side": 10, "layers": 8, "scale": 1.5}])
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_the_quick_sampler_draws_the_pixels_of_the_naive_one(config: dict[str, int], temperature: float) -> None:
    model = a_model(**config)
    made = model.sample(range(24), Controls(temperature=temperature))
    assert torch.equal(made, naively(model, range(24), temperature))
    assert 0.1 < made.mean() < 0.9, "pictures that nothing could tell apart"


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_samplers_logits_are_the_networks(layout: torch.memory_format) -> None:
    model = a_model(7, layers=6, levels=3).to(memory_format=layout)  # type: ignore[call-overload]
    levels = some_levels(4, 7, 3)
    expected = model.logits(levels)
    sampler = Sampler(model.network, 4)
    for r in range(7):
        sampler.start_row(r)
        for c in range(7):
            torch.testing.assert_close(sampler.logits(c), expected[:, :, r, c], atol=1e-5, rtol=1e-5)
            sampler.put(c, 2 * model.grey(levels[:, r, c]) - 1)
        sampler.end_row()


def test_samples_have_the_frequencies_that_log_prob_says() -> None:
    model = a_model(4, levels=2)
    made = model.sample(range(20_000))[:, 0]
    patterns = (made[:, 0] * torch.tensor([8.0, 4.0, 2.0, 1.0])).sum(1).long()
    found = torch.bincount(patterns, minlength=16) / len(made)
    first = torch.zeros(16, 4, 4, dtype=torch.long)
    first[:, 0] = (torch.arange(16)[:, None] >> torch.arange(3, -1, -1)) & 1
    law = model.logits(first).log_softmax(1)[:, :, 0].gather(1, first[:, None, 0])[:, 0].sum(1).exp()
    torch.testing.assert_close(found, law, atol=0.015, rtol=0)


@pytest.mark.parametrize("levels", [2, 8])
def test_a_seed_is_the_same_picture_in_any_batch(levels: int) -> None:
    model = a_model(12, levels=levels)
    many = model.sample(range(64))
    assert torch.equal(model.sample(range(7)), many[:7])
    assert torch.equal(model.sample([63]), many[63:])


def test_what_rounding_could_change_is_settled_in_double_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise that lies at each pixel a billionth beside the probability: float32 would toss a coin."""
    model = a_model(5)
    levels = some_levels(6, 5, 2)
    precise = copy.deepcopy(model.network).double()
    off = precise(2.0 * levels[:, None].double() - 1).softmax(1)[:, 0]
    u = off + torch.where(levels == 1, 1e-9, -1e-9)
    monkeypatch.setattr(Noise, "uniform", lambda self, *shape: u)
    assert torch.equal(model.sample(range(6))[:, 0], levels.float())


def test_rows_come_one_by_one_and_stay() -> None:
    model = a_model(5, levels=4)
    *steps, last = model.sample_steps([7, 8])
    assert len(steps) == 5
    for row, step in enumerate(steps):
        assert (step[:, :, row:] == 0.5).all(), "what is not yet drawn is mid grey"
        assert torch.equal(step[:, :, :row], last[:, :, :row])
    assert torch.equal(last, model.sample([7, 8]))
    assert set((3 * last).unique().tolist()) <= {0.0, 1.0, 2.0, 3.0}


def test_a_low_temperature_is_more_decided() -> None:
    model = a_model(5, levels=3)
    nats = [model.log_prob(model.sample(range(200), Controls(temperature=t))).nats.mean() for t in (0.5, 1.0, 1.5)]
    assert nats[0] > nats[1] > nats[2]


def test_nothing_known_is_completed_to_a_sample() -> None:
    model = a_model(5, levels=3)
    x, nothing = torch.rand(4, 1, 5, 5), torch.zeros(4, 1, 5, 5, dtype=torch.bool)
    assert torch.equal(model.complete(x, nothing, range(4)), model.sample(range(4)))


def test_what_is_known_counts_for_the_pixels_after_it_and_for_none_before() -> None:
    model = a_model(6, levels=3)
    known = torch.zeros(32, 1, 6, 6, dtype=torch.bool)
    known[:, :, 2, 3] = True
    dark, light = (model.complete(torch.full((32, 1, 6, 6), grey), known, range(32)).flatten(1) for grey in (0.0, 1.0))
    assert torch.equal(dark[:, :15], light[:, :15])
    assert (dark[:, 15] == 0).all()
    assert (light[:, 15] == 1).all()
    assert not torch.equal(dark[:, 16:], light[:, 16:])


def test_a_completion_has_the_law_of_the_rest_given_its_top() -> None:
    """Four pixels are known, the fifth's frequency is its conditional."""
    model = a_model(4)
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 0] = torch.tensor([1.0, 0.0, 1.0, 1.0])
    known = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    known[0, 0, 0] = True
    many = model.complete(x.expand(5_000, -1, -1, -1), known.expand(5_000, -1, -1, -1), range(5_000))
    p = model.logits(model.levels(x))[0, :, 1, 0].softmax(0)[1]
    torch.testing.assert_close(many[:, 0, 1, 0].mean(), p, atol=0.03, rtol=0)


@pytest.mark.parametrize("space", [{"channels": 3, "side": 16}, {"side": 65}])
def test_only_small_grey_pictures(space: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="grey pictures of at most 64 x 64"):
        Config(space=Pictures.model_validate(space))
