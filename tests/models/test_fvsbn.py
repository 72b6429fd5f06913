"""The chain rule, pixel by pixel: it sums to one, looks only back, and the sampler draws from just that law."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from torch import Tensor

from genlib.contract import Batch
from genlib.models.fvsbn import FVSBN, Config, Controls, Training, conditionals, log_likelihood
from genlib.noise import Noise
from genlib.spaces import Pictures


def a_model(side: int, scale: float = 1.0) -> FVSBN:
    """With random weights on and above the diagonal, too, as a forged file might have them."""
    model = FVSBN(Config(space=Pictures(side=side)))
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(scale * torch.randn(p.shape, generator=rng))
    return model.eval().requires_grad_(False)


def binary(count: int, side: int) -> Tensor:
    return torch.randint(2, (count, 1, side, side), generator=torch.Generator().manual_seed(1)).float()


def test_probabilities_of_all_pictures_sum_to_one() -> None:
    """All 512 of 3 x 3: a space has 4 pixels a side at least, and the law is written without one."""
    x = ((torch.arange(2**9)[:, None] >> torch.arange(9)) & 1).float()
    rng = torch.Generator().manual_seed(0)
    weight, bias = torch.randn(9, 9, generator=rng), torch.randn(9, generator=rng)
    nats = log_likelihood(x, conditionals(x, weight, bias))
    assert nats.double().exp().sum().item() == pytest.approx(1, abs=1e-6)
    assert nats.exp().max() > 2 / 2**9, "every picture is as likely as any other"


def test_a_pixel_changes_no_conditional_before_it_nor_its_own() -> None:
    model = a_model(4)
    x = binary(1, 4).flatten(1)
    before = conditionals(x, model.weight, model.bias)
    for j in range(16):
        other = x.clone()
        other[0, j] = 1 - other[0, j]
        changed = (conditionals(other, model.weight, model.bias) != before)[0]
        assert not changed[: j + 1].any()
        assert changed[j + 1 :].all()


def test_log_prob_is_the_chain_rule_written_out() -> None:
    model = a_model(4)
    x = binary(8, 4)
    answer = model.log_prob(x)
    assert answer.kind == "exact"
    flat, w, b = x.flatten(1).double(), model.weight.double(), model.bias.double()
    expected = torch.zeros(8, dtype=torch.float64)
    for i in range(16):
        p = torch.sigmoid(b[i] + flat[:, :i] @ w[i, :i])
        expected += torch.where(flat[:, i] == 1, p, 1 - p).log()
    torch.testing.assert_close(answer.nats, expected.float())


def test_samples_have_the_frequencies_that_log_prob_says() -> None:
    """The sampler and the likelihood are written apart: here they meet."""
    model = a_model(4, 0.7)
    made = model.sample(range(20_000)).flatten(1)
    patterns = (made[:, :4] * torch.tensor([8.0, 4.0, 2.0, 1.0])).sum(1).long()
    found = torch.bincount(patterns, minlength=16) / len(made)
    first = ((torch.arange(16)[:, None] >> torch.arange(3, -1, -1)) & 1).float()  # of the first four pixels
    logits = conditionals(first, model.weight[:4, :4], model.bias[:4])  # the law of a prefix is the prefix of the law
    torch.testing.assert_close(found, log_likelihood(first, logits).exp(), atol=0.015, rtol=0)


def test_the_samplers_conditionals_are_those_of_log_prob() -> None:
    """A pixel is on just where its noise is below the probability that log_prob holds it for."""
    model = a_model(4)
    x = model.sample(range(50)).flatten(1)
    probabilities = conditionals(x, model.weight, model.bias).double().sigmoid()
    assert torch.equal((Noise(range(50)).uniform(16) < probabilities).float(), x)


@pytest.mark.parametrize("side", [5, 28])
def test_a_seed_is_the_same_picture_to_the_last_pixel_in_any_batch(side: int) -> None:
    model = a_model(side, 0.1)
    many = model.sample(range(64))
    assert torch.equal(model.sample(range(7)), many[:7])
    assert torch.equal(model.sample([63]), many[63:])
    assert torch.equal(
        model.sample(range(64), Controls(temperature=0.5))[9], model.sample([9], Controls(temperature=0.5))[0]
    )


def test_rows_come_one_by_one_and_stay() -> None:
    model = a_model(5)
    *steps, last = model.sample_steps([7, 8])
    assert len(steps) == 5
    for row, step in enumerate(steps):
        assert (step[:, :, row:] == 0.5).all(), "what is not yet drawn is mid grey"
        assert torch.equal(step[:, :, :row], last[:, :, :row])
    assert torch.equal(last, model.sample([7, 8]))
    assert set(last.unique().tolist()) <= {0.0, 1.0}


def test_a_low_temperature_is_more_decided() -> None:
    model = a_model(4)
    nats = [model.log_prob(model.sample(range(500), Controls(temperature=t))).nats.mean() for t in (0.5, 1.0, 1.5)]
    assert nats[0] > nats[1] > nats[2]


def test_a_grey_pictures_number_is_its_own() -> None:
    model = a_model(4)
    grey = torch.rand(6, 1, 4, 4, generator=torch.Generator().manual_seed(2))
    nats = model.log_prob(grey).nats
    torch.testing.assert_close(model.log_prob(grey.flip(0)).nats.flip(0), nats)
    torch.testing.assert_close(model.log_prob(grey[2:3]).nats, nats[2:3])


def test_what_a_file_holds_above_the_diagonal_is_unseen(tmp_path: Path) -> None:
    """Nothing in a weights file says which pixel may look at which: the order is cut into the weights when they are
    used, even where the file has numbers that would spread, such as nan."""
    model = a_model(4)
    assert set(model.state_dict()) == {"weight", "bias"}
    save_file(model.state_dict(), tmp_path / "honest.safetensors")
    state = load_file(tmp_path / "honest.safetensors")
    state["weight"] = state["weight"].tril(-1) + torch.full((16, 16), float("nan")).triu()
    forged = FVSBN(model.config)
    forged.load_state_dict(state)
    x = binary(8, 4)
    assert torch.equal(forged.log_prob(x).nats, model.log_prob(x).nats)
    assert torch.equal(forged.sample([1, 2]), model.sample([1, 2]))


def test_learning_from_zero_finds_a_law_and_leaves_the_upper_half_zero() -> None:
    """Pixel 1 copies pixel 0, a fair coin; the others are off. Its entropy is log 2."""
    model = FVSBN(Config(space=Pictures(side=4)))
    training = Training(learning_rate=0.3)
    optimizers = model.optimizers(training)
    rng = torch.Generator().manual_seed(0)
    for step in range(150):
        x = torch.zeros(64, 16)
        x[:, :2] = torch.randint(2, (64, 1), generator=rng).float()
        model.train_step(Batch(x.view(64, 1, 4, 4), rng, step, 150), optimizers, training)
    assert not model.weight.triu().any()
    both = torch.zeros(2, 16)
    both[1, :2] = 1
    with torch.no_grad():
        nats = model.log_prob(both.view(2, 1, 4, 4)).nats
    torch.testing.assert_close(nats, torch.full((2,), -0.6931), atol=0.15, rtol=0)


@pytest.mark.parametrize("space", [{"channels": 3, "side": 16}, {"side": 33}])
def test_only_small_grey_pictures(space: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="grey pictures of at most 32 x 32"):
        Config(space=Pictures.model_validate(space))


def test_a_completion_has_the_law_of_the_rest_given_its_top() -> None:
    """With nothing known it is a sample; with the first row known, each pixel has its conditional."""
    model = a_model(4, 0.7)
    x, known = binary(1, 4).expand(5_000, -1, -1, -1), torch.zeros(5_000, 1, 4, 4, dtype=torch.bool)
    assert torch.equal(model.complete(x, known, range(5_000)), model.sample(range(5_000)))
    known[:, :, 0] = True
    many = model.complete(x, known, range(5_000))
    assert torch.equal(many[:, :, 0], x[:, :, 0])
    p = conditionals(x[:1].flatten(1), model.weight, model.bias)[0, 4].sigmoid()
    torch.testing.assert_close(many[:, 0, 1, 0].mean(), p, atol=0.03, rtol=0)
