"""The chain's stationary law is the data's: on a tiny space all of it is written out, and solved for."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from genlib import training
from genlib.contract import Batch
from genlib.models.gsn import GSN, Config, Controls, Training, normal, salt_and_pepper
from genlib.spaces import Pictures, Points

PIXELS = 4


def patterns() -> Tensor:
    """All of so many pixels, (16, 4)."""
    return ((torch.arange(2**PIXELS)[:, None] >> torch.arange(PIXELS)) & 1).double()


def a_law() -> Tensor:
    """Of 2 x 2 on-off pictures (16,): neighbours like to be the same, and all like to be on."""
    v = 2 * patterns() - 1
    ties = v[:, 0] * v[:, 1] + v[:, 2] * v[:, 3] + v[:, 0] * v[:, 2] + v[:, 1] * v[:, 3]
    return (0.35 * ties + 0.15 * v.sum(1)).softmax(0)


def product_of_pixels(p: Tensor) -> Tensor:
    """The law (16,) with the same means and no ties."""
    mean, v = p @ patterns(), patterns()
    return (v * mean + (1 - v) * (1 - mean)).prod(1)


def apart(p: Tensor, q: Tensor) -> float:
    """Total variation."""
    return float((p - q).abs().sum() / 2)


def a_tiny_one(**config: float) -> GSN:
    """A space has 4 pixels a side at least: this one is made without asking."""
    space = Pictures.model_construct(side=2, channels=1)
    made = Config.model_construct(
        **{"space": space, "width": 24, "corruption": 0.25, "hidden_noise": 0.0, **config}  # type: ignore[arg-type]
    )
    model = training.fresh(GSN, made, seed=0)
    assert isinstance(model, GSN)
    return model


def none(count: int) -> Tensor:
    raise AssertionError("nothing is to be drawn")


@torch.no_grad()
def transition(model: GSN) -> Tensor:
    """(16, 16): the probability of going from one picture to another in one step of the chain, exactly."""
    v, share = patterns(), model.config.corruption
    differ = (v[:, None] != v).sum(2)
    spoiling = ((share / 2) ** differ * (1 - share / 2) ** (PIXELS - differ)).double()  # C(x~ | x)
    on = model.double().law(v, none)[0].sigmoid()
    repairing = (v * on[:, None] + (1 - v) * (1 - on[:, None])).prod(2)  # P(x | x~)
    return spoiling @ repairing


def stationary(t: Tensor) -> Tensor:
    return torch.linalg.matrix_power(t, 4096)[0]


def learn(model: GSN, p: Tensor, steps: int, walkback: int) -> None:
    how = Training(learning_rate=5e-3, walkback=walkback)
    optimizers, rng = model.optimizers(how), torch.Generator().manual_seed(0)
    for step in range(steps):
        for group in optimizers["gsn"].param_groups:
            group["lr"] = how.learning_rate * (1 - step / steps)
        rows = torch.multinomial(p, 400, replacement=True, generator=rng)
        model.train_step(Batch(patterns()[rows].float().view(-1, 1, 2, 2), rng, step, steps), optimizers, how)


# --- The law ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tied", "walkback", "corruption", "bound"), [(True, 1, 0.12, 0.04), (False, 1, 0.5, 0.03), (False, 3, 0.5, 0.03)]
)
def test_the_stationary_law_of_the_trained_chain_is_the_datas(
    tied: bool, walkback: int, corruption: float, bound: float
) -> None:
    """Up to `bound` in total variation. Where pixels are tied, P(x | x~) is nearly one of independent pixels if little
    was spoiled; where they are not, it is, whatever the noise and however far the chain walked."""
    p = a_law() if tied else product_of_pixels(a_law() ** 2 / (a_law() ** 2).sum())
    model = a_tiny_one(corruption=corruption)
    assert apart(stationary(transition(model)), p) > 0.2
    learn(model.float(), p, 500, walkback)
    t = transition(model)
    torch.testing.assert_close(t.sum(1), torch.ones(16).double())
    assert apart(stationary(t), p) < bound
    assert not tied or apart(product_of_pixels(p), p) > 4 * bound
    assert t.diag().max() < 0.95, "a chain that stays where it is keeps any law"


def test_samples_follow_the_transition() -> None:
    """The chain that sample() runs is the one that was written out: where it is after three steps.

    It begins with what the noise leaves of an empty picture.
    """
    model = a_tiny_one()
    learn(model, a_law(), 100, 1)
    on = model.config.corruption / 2
    begin = (patterns() * on + (1 - patterns()) * (1 - on)).prod(1).double()
    expected = begin @ torch.linalg.matrix_power(transition(model), 2)
    model.float().eval()
    # What is shown is P(x = 1 | x~), so the mean of it over the third step's x~ is the pixels' mean after three.
    made = model.sample(range(6_000), Controls(chain_steps=3)).flatten(1).double()
    means = (expected @ transition(model)) @ patterns()
    torch.testing.assert_close(made.mean(0), means, atol=0.02, rtol=0)


def test_points_learn_to_wander_through_their_law() -> None:
    """A Gaussian off the origin, whose P(x | x~) is Gaussian too: mean and deviation of the chain are its."""
    model = training.fresh(GSN, Config(space=Points(), width=16, corruption=0.5, hidden_noise=0.0), seed=0)
    assert isinstance(model, GSN)
    how = Training(learning_rate=0.01, walkback=1)
    optimizers, rng = model.optimizers(how), torch.Generator().manual_seed(0)
    middle, spread = torch.tensor([1.0, -0.5]), torch.tensor([0.5, 0.3])
    for step in range(400):
        for group in optimizers["gsn"].param_groups:
            group["lr"] = 0.01 * (1 - step / 400)
        x = middle + spread * torch.randn(256, 2, generator=rng)
        model.train_step(Batch(x, rng, step, 400), optimizers, how)
    made = model.eval().sample(range(2_000), Controls(chain_steps=40))
    torch.testing.assert_close(made.mean(0), middle, atol=0.1, rtol=0)
    torch.testing.assert_close(made.std(0), spread, atol=0.06, rtol=0)


# --- Its parts -------------------------------------------------------------------------------------------------------


def test_salt_and_pepper_turns_a_share_of_the_pixels_to_coins() -> None:
    u = torch.rand(200_000, generator=torch.Generator().manual_seed(0))
    for pixel in (0.0, 1.0):
        spoiled = salt_and_pepper(torch.full_like(u, pixel), u, 0.4)
        assert (spoiled != pixel).float().mean().item() == pytest.approx(0.2, abs=0.005)
    assert torch.equal(salt_and_pepper(torch.ones(3), torch.tensor([0.1, 0.5, 0.95]), 0.4), torch.tensor([0.0, 1, 1]))


def test_likelihoods_are_those_of_torchs_distributions() -> None:
    rng = torch.Generator().manual_seed(0)
    first, second = torch.randn(5, 4, generator=rng), torch.randn(5, 4, generator=rng)
    x = (torch.rand(5, 4, generator=rng) < 0.5).float()
    pictures, points = a_tiny_one(), GSN(Config(space=Points(), width=4))
    expected = torch.distributions.Bernoulli(logits=first).log_prob(x).sum(1)
    torch.testing.assert_close(pictures.log_likelihood(x, (first, first)), expected)
    expected = torch.distributions.Normal(first, second.exp()).log_prob(x).sum(1)
    torch.testing.assert_close(points.log_likelihood(x, (first, second)), expected)


def test_noise_is_normal_and_what_is_drawn_has_its_law() -> None:
    u = (torch.arange(20_000) + 0.5)[:, None] / 20_000
    torch.testing.assert_close(normal(u).std(), torch.tensor(1.0), atol=1e-3, rtol=0)
    points, pictures = GSN(Config(space=Points(), width=4)), a_tiny_one()
    made = points.drawn((torch.full_like(u, 2.0), torch.full_like(u, -1.0)), lambda count: u)
    torch.testing.assert_close(made.mean(), torch.tensor(2.0), atol=1e-3, rtol=0)
    torch.testing.assert_close(made.std(), torch.tensor(-1.0).exp(), atol=1e-3, rtol=0)
    on = pictures.drawn((torch.full_like(u, 0.7), u), lambda count: u)
    torch.testing.assert_close(on.mean(), torch.tensor(0.7).sigmoid(), atol=1e-3, rtol=0)


def test_hidden_noise_reaches_what_comes_out() -> None:
    x = torch.zeros(2, 4)
    loud, rng = a_tiny_one(hidden_noise=1.0), torch.Generator().manual_seed(0)
    one, other = (loud.law(x, lambda count: torch.rand(2, count, generator=rng))[0] for _ in range(2))
    assert not torch.allclose(one, other)
    assert torch.equal(a_tiny_one().law(x, none)[0][0], a_tiny_one().law(x, none)[0][1])


def test_walkback_learns_from_where_the_chain_went() -> None:
    """Its later steps begin at what it drew, and still ask for the data."""
    model, seen, asked = a_tiny_one(), [], []
    spoil, likelihood = model.spoil, model.log_likelihood
    model.spoil = lambda x, chance: (seen.append(x), spoil(x, chance))[1]  # type: ignore[method-assign,func-returns-value]
    model.log_likelihood = lambda x, law: (asked.append(x), likelihood(x, law))[1]  # type: ignore[method-assign,func-returns-value]
    x = torch.ones(50, 1, 2, 2)
    how = Training(walkback=3)
    model.train_step(Batch(x, torch.Generator().manual_seed(0), 0, 1), model.optimizers(how), how)
    assert len(seen) == 3
    assert torch.equal(seen[0], x.flatten(1))
    assert not torch.equal(seen[1], seen[0])
    assert not torch.equal(seen[2], seen[1])
    assert all(torch.equal(target, x.flatten(1)) for target in asked)


def test_steps_begin_at_noise_and_one_more_is_one_more() -> None:
    model = training.fresh(GSN, Config(space=Pictures(side=4), width=8), seed=0).eval()
    assert isinstance(model, GSN)
    steps = list(model.sample_steps([1, 2], Controls(chain_steps=6)))
    assert len(steps) == 7
    assert set(steps[0].unique().tolist()) == {0.0, 1.0}
    assert torch.equal(model.sample([1, 2], Controls(chain_steps=5)), steps[5])


@pytest.mark.parametrize("space", [{"channels": 3, "side": 16}, {"side": 33}])
def test_only_small_grey_pictures_and_points(space: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="grey pictures of at most 32 x 32"):
        Config(space=Pictures.model_validate(space))
