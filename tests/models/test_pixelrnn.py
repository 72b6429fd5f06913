"""The chain rule by two LSTMs: it sums to one, looks back at everything and never ahead, and the quick sampler draws
what the network says, pixel for pixel."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from genlib import training
from genlib.contract import Batch
from genlib.models.pixelrnn import Config, Controls, Layer, PixelRNN, Training, cell, log_likelihood, skew, unskew
from genlib.noise import Noise
from genlib.spaces import Pictures


def a_model(side: int = 6, scale: float = 2.0, **config: int) -> PixelRNN:
    """With weights that are large enough for each pixel to matter to those after it."""
    model = training.fresh(PixelRNN, Config(space=Pictures(side=side), **{"width": 8, "layers": 2, **config}), seed=0)
    assert isinstance(model, PixelRNN)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(scale)
    return model.eval().requires_grad_(False)


def some_pixels(count: int, side: int) -> Tensor:
    return torch.randint(2, (count, side, side), generator=torch.Generator().manual_seed(1)).double()


# --- The network -----------------------------------------------------------------------------------------------------


def test_skewing_makes_columns_of_diagonals_and_is_undone() -> None:
    x = torch.arange(16).view(1, 4, 4, 1) + 1
    skewed = skew(x)[0, :, :, 0]
    assert skewed.tolist() == [
        [1, 2, 3, 4, 0, 0, 0],
        [0, 5, 6, 7, 8, 0, 0],
        [0, 0, 9, 10, 11, 12, 0],
        [0, 0, 0, 13, 14, 15, 16],
    ]
    assert torch.equal(unskew(skew(x)), x)


def test_the_cell_is_an_lstm() -> None:
    """Torch's own, whose gates come in another order."""
    theirs = nn.LSTMCell(3, 4).double()
    x, h, c = (torch.randn(5, n, generator=torch.Generator().manual_seed(n)).double() for n in (3, 4, 4))
    i, f, g, o = (
        nn.functional.linear(x, theirs.weight_ih, theirs.bias_ih)
        + nn.functional.linear(h, theirs.weight_hh, theirs.bias_hh)
    ).chunk(4, 1)
    ours = cell(torch.cat([o, f, i, g], 1), c)
    for mine, expected in zip(ours, theirs(x, (h, c)), strict=True):
        torch.testing.assert_close(mine, expected)


def test_a_walk_takes_each_state_from_above_and_beside() -> None:
    """Pixel by pixel, as equation 3 says."""
    layer, n = Layer(3).double().requires_grad_(False), 4
    gates = torch.randn(2, 5, n, n, 12, generator=torch.Generator().manual_seed(0)).double()
    found = layer.walk(gates)
    for way in range(2):
        h, c = torch.zeros(n + 1, n + 1, 5, 3).double(), torch.zeros(n + 1, n + 1, 5, 3).double()
        for row in range(n):
            for column in range(n):
                seen = torch.cat([h[row, column + 1], h[row + 1, column]], 1) @ layer.state[way]
                made = cell(gates[way, :, row, column] + seen, c[row + 1, column])
                h[row + 1, column + 1], c[row + 1, column + 1] = made
        torch.testing.assert_close(found[way], h[1:, 1:].permute(2, 0, 1, 3))


# --- The law ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [1, 3])
def test_a_pixel_sees_all_before_it_and_neither_itself_nor_a_later_one(layers: int) -> None:
    """By the derivative, which is exactly 0 where nothing is seen. One layer is enough to see everything."""
    side = 6
    model = a_model(side, layers=layers).double()
    x = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(3)).double() - 0.5
    jacobian = torch.autograd.functional.jacobian(lambda x: model.network(x).flatten(), x)
    seen = jacobian.flatten(1) != 0  # [i, j]: pixel i sees pixel j
    assert torch.equal(seen, torch.ones(side**2, side**2).tril(-1).bool())


def test_changing_a_pixel_moves_no_logit_before_it_nor_its_own() -> None:
    model = a_model().double()
    x = some_pixels(1, 6)
    before = model.logits(x).flatten()
    for j in range(36):
        other = x.clone()
        other.view(-1)[j] = 1 - other.view(-1)[j]
        changed = model.logits(other).flatten() != before
        assert not changed[: j + 1].any()
        assert changed[j + 1 :].all()


def test_probabilities_of_all_512_pictures_sum_to_one() -> None:
    """Of 3 x 3 on-off pixels. A space has 4 pixels a side at least: the network is asked without one."""
    config = Config.model_construct(space=Pictures.model_construct(side=3, channels=1), width=4, layers=2)
    model = training.fresh(PixelRNN, config, seed=0).double().requires_grad_(False)
    assert isinstance(model, PixelRNN)
    for p in model.parameters():
        p.mul_(2)
    pictures = ((torch.arange(512)[:, None] >> torch.arange(9)) & 1).double().view(-1, 3, 3)
    nats = log_likelihood(pictures, model.logits(pictures))
    assert nats.exp().sum().item() == pytest.approx(1, abs=1e-12)
    assert nats.exp().max() > 2 / 512, "every picture is as likely as any other"


def test_log_prob_is_the_chain_rule_written_out() -> None:
    """Pixel by pixel, from pictures of which nothing after it is there yet."""
    model = a_model(4).double()
    x = some_pixels(5, 4)
    expected = torch.zeros(5).double()
    for i in range(16):
        so_far = x.flatten(1).clone()
        so_far[:, i:] = 0
        p = model.logits(so_far.view(5, 4, 4)).flatten(1)[:, i].sigmoid()
        expected += torch.where(x.flatten(1)[:, i] == 1, p, 1 - p).log()
    answer = model.float().log_prob(x[:, None].float())
    assert answer.kind == "exact"
    torch.testing.assert_close(answer.nats, expected.float())


def test_learning_finds_a_law() -> None:
    """Pixel 1 copies pixel 0, a fair coin; the others are off. Its entropy is log 2."""
    model = training.fresh(PixelRNN, Config(space=Pictures(side=4), width=8), seed=0)
    assert isinstance(model, PixelRNN)
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


def naively(model: PixelRNN, seeds: range, temperature: float = 1.0) -> Tensor:
    """A picture as the equations say: the whole network once a pixel."""
    side, precise = model.config.space.side, model.double()
    u = Noise(seeds).uniform(side, side)
    x = torch.zeros(len(seeds), side, side).double()
    for r in range(side):
        for c in range(side):
            x[:, r, c] = (u[:, r, c] < (precise.logits(x)[:, r, c] / temperature).sigmoid()).double()
    return x[:, None].float()


@pytest.mark.parametrize("config", [{}, {"layers": 1}, {"side": 9, "layers": 3, "scale": 1.5}])
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_the_quick_sampler_draws_the_pixels_of_the_naive_one(config: dict[str, int], temperature: float) -> None:
    model = a_model(**config)
    made = model.sample(range(24), Controls(temperature=temperature))
    assert torch.equal(made, naively(model, range(24), temperature))
    assert 0.1 < made.mean() < 0.9, "pictures that nothing could tell apart"


def test_a_seed_is_the_same_picture_in_any_batch() -> None:
    model = a_model(10)
    many = model.sample(range(64))
    assert torch.equal(model.sample(range(7)), many[:7])
    assert torch.equal(model.sample([63]), many[63:])


def test_rows_come_one_by_one_and_stay() -> None:
    model = a_model(5)
    *steps, last = model.sample_steps([7, 8])
    assert len(steps) == 5
    for row, step in enumerate(steps):
        assert (step[:, :, row:] == 0.5).all(), "what is not yet drawn is mid grey"
        assert torch.equal(step[:, :, :row], last[:, :, :row])
    assert torch.equal(last, model.sample([7, 8]))
    assert set(last.unique().tolist()) == {0.0, 1.0}


def test_a_low_temperature_is_more_decided() -> None:
    model = a_model(5)
    nats = [model.log_prob(model.sample(range(200), Controls(temperature=t))).nats.mean() for t in (0.5, 1.0, 1.5)]
    assert nats[0] > nats[1] > nats[2]


def test_nothing_known_is_completed_to_a_sample() -> None:
    model = a_model(5)
    x, nothing = torch.rand(4, 1, 5, 5), torch.zeros(4, 1, 5, 5, dtype=torch.bool)
    assert torch.equal(model.complete(x, nothing, range(4)), model.sample(range(4)))


def test_a_completion_has_the_law_of_the_rest_given_its_top() -> None:
    """Four pixels are known, the fifth's frequency is its conditional."""
    model = a_model(4)
    x = torch.zeros(1, 1, 4, 4)
    x[0, 0, 0] = torch.tensor([1.0, 0.0, 1.0, 1.0])
    known = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    known[0, 0, 0] = True
    many = model.complete(x.expand(5_000, -1, -1, -1), known.expand(5_000, -1, -1, -1), range(5_000))
    p = model.logits(x[:, 0])[0, 1, 0].sigmoid()
    torch.testing.assert_close(many[:, 0, 1, 0].mean(), p, atol=0.03, rtol=0)


@pytest.mark.parametrize("space", [{"channels": 3, "side": 16}, {"side": 33}])
def test_only_small_grey_pictures(space: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="grey pictures of at most 32 x 32"):
        Config(space=Pictures.model_validate(space))
