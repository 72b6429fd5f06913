"""Against brute force: every pixel pattern and every hidden one of a tiny machine written out."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from genlib import training
from genlib.contract import Batch
from genlib.models.rbm import RBM, Config, Controls, Machine, Path, Training, log_mean, partition, pseudo_likelihood
from genlib.spaces import Pictures

V, H = 7, 5


def patterns(count: int) -> Tensor:
    """All of so many coins, (2^count, count)."""
    return ((torch.arange(2**count)[:, None] >> torch.arange(count)) & 1).double()


def a_machine(scale: float = 1.5) -> Machine:
    rng = torch.Generator().manual_seed(0)
    return Machine(*(scale * torch.randn(*shape, generator=rng).double() for shape in ((H, V), (V,), (H,))))


def energies(m: Machine) -> Tensor:
    """E(v, h) of all pairs (2^V, 2^H), as the paper writes it."""
    v, h = patterns(m.weight.shape[1]), patterns(m.weight.shape[0])
    return -(v @ m.b)[:, None] - (h @ m.c) - v @ m.weight.T @ h.T


def law(m: Machine) -> Tensor:
    """p(v) of all patterns (2^V,)."""
    return (-energies(m)).flatten().softmax(0).view(2 ** m.weight.shape[1], -1).sum(1)


def log_z(m: Machine) -> float:
    return float((-energies(m)).flatten().logsumexp(0))


def exact_samples(m: Machine, count: int, seed: int = 3) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return patterns(m.weight.shape[1])[torch.multinomial(law(m), count, replacement=True, generator=rng)]


# --- Energy and chain ------------------------------------------------------------------------------------------------


def test_free_energy_sums_the_hidden_units_out() -> None:
    m = a_machine()
    torch.testing.assert_close(-m.free_energy(patterns(V)), (-energies(m)).logsumexp(1))


def test_either_half_given_the_other_is_a_row_of_coins() -> None:
    m = a_machine()
    joint = (-energies(m)).exp()
    given_v = joint / joint.sum(1, keepdim=True)
    torch.testing.assert_close(m.hidden(patterns(V)).sigmoid(), given_v @ patterns(H))
    given_h = joint / joint.sum(0, keepdim=True)
    torch.testing.assert_close(m.visible(patterns(H)).sigmoid(), given_h.T @ patterns(V))


def test_a_gibbs_step_leaves_the_law_as_it_is() -> None:
    m = a_machine()
    after = m.gibbs(exact_samples(m, 60_000), torch.Generator().manual_seed(1), 3)
    index = (after.long() << torch.arange(V)).sum(1)
    found = torch.bincount(index, minlength=2**V) / len(after)
    torch.testing.assert_close(found, law(m).float(), atol=0.006, rtol=0)
    assert law(m).max() > 0.05


def test_pseudo_likelihood_is_that_of_one_pixel_given_all_others() -> None:
    m = a_machine()
    v, p = patterns(V), law(m)
    for i in range(V):
        expected = V * (p / (p + p[torch.arange(2**V) ^ (1 << i)])).log()
        torch.testing.assert_close(pseudo_likelihood(m, v, torch.full((2**V,), i)), expected)


# --- The partition function ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("laws", "chains", "times"), [(10, 20, 40), (150, 60, 12)])
def test_annealing_finds_log_z_from_both_ends(laws: int, chains: int, times: int) -> None:
    """On average too low from the one, too high from the other, and near where the laws are many."""
    m = a_machine(1.0 if laws == 10 else 1.5)
    ups, downs = [], []
    path = Path(m, torch.zeros(V).double(), laws)
    for seed in range(times):
        rng = torch.Generator().manual_seed(seed)
        ups.append(path.up(chains, rng)[0] - log_z(m))
        downs.append(path.down(exact_samples(m, chains, seed), rng)[0] - log_z(m))
    up, down = torch.tensor(ups), torch.tensor(downs)
    if laws == 10:
        assert up.mean() < -0.02
        assert down.mean() > 0.02
    else:
        assert up.mean().abs() < 0.05
        assert down.mean().abs() < 0.05
        assert up.std() < 0.2
        assert down.std() < 0.2


def test_annealing_is_unbiased_in_z_itself() -> None:
    m = a_machine(0.8)
    path = Path(m, torch.full((V,), 0.3).double(), 3)
    up = path.up(50_000, torch.Generator().manual_seed(0))[0]
    down = path.down(exact_samples(m, 50_000), torch.Generator().manual_seed(1))[0]
    assert up == pytest.approx(log_z(m), abs=0.03)
    assert down == pytest.approx(log_z(m), abs=0.03)


def test_the_error_is_how_far_estimates_spread() -> None:
    m = a_machine()
    path = Path(m, torch.zeros(V).double(), 30)
    found = [path.up(200, torch.Generator().manual_seed(seed)) for seed in range(60)]
    spread = torch.tensor([value for value, _ in found]).std()
    said = torch.tensor([error for _, error in found]).mean()
    assert 0.6 < said / spread < 1.6
    mean, error = log_mean(torch.tensor([0.0, math.log(3.0)]).double())
    assert mean == pytest.approx(math.log(2))
    assert error == pytest.approx(math.sqrt(2) / 2 / math.sqrt(2))


def test_partition_without_samples_stands_on_its_own_chains() -> None:
    m = a_machine()
    found = partition(m, chains=100, laws=300)
    assert found.below == pytest.approx(log_z(m), abs=4 * found.below_error + 0.02)
    assert found.above == pytest.approx(log_z(m), abs=4 * found.above_error + 0.1)
    assert partition(m, chains=100, laws=300) == found, "other noise each time"


# --- The model -------------------------------------------------------------------------------------------------------


def a_model(scale: float = 0.6) -> RBM:
    model = training.fresh(RBM, Config(space=Pictures(side=4), hidden=4), seed=0)
    assert isinstance(model, RBM)
    rng = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(scale * torch.randn(p.shape, generator=rng))
    return model.eval().requires_grad_(False)


def of(model: RBM) -> Machine:
    return Machine(*(p.detach().double() for p in (model.weight, model.b, model.c)))


def test_log_prob_is_near_that_of_all_pictures_written_out() -> None:
    model = a_model()
    everything = patterns(16)
    answer = model.log_prob(everything[::97].float().view(-1, 1, 4, 4))
    torch.testing.assert_close(answer.nats.double(), law(of(model))[::97].log(), atol=0.1, rtol=0)
    assert answer.kind == "estimate"
    z = model.partition()
    assert answer.error == z.below_error
    assert answer.other == pytest.approx(z.below - z.above)
    # On average log Z is too low from the one end and too high from the other: so the numbers lie around the true ones.
    above, below = answer.nats.double(), answer.nats.double() + answer.other
    slack = 4 * (z.below_error + z.above_error)
    assert (above > law(of(model))[::97].log() - slack).all()
    assert (below < law(of(model))[::97].log() + slack).all()
    assert f"{model.partition().below:.2f}" in answer.note


def test_log_z_follows_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is computed once for them, anew when they change, even in a copy, and lies in no file."""
    model = a_model()
    asked = 0

    def counted(machine: Machine) -> object:
        nonlocal asked
        asked += 1
        return partition(machine, 20, 20)

    monkeypatch.setattr("genlib.models.rbm.partition", counted)
    first = model.partition()
    assert model.partition() is first
    assert asked == 1
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.c.add_(1.0)
    assert other.partition() != first
    assert model.partition() is first
    with torch.no_grad():
        other.c.sub_(1.0).copy_(model.c)
    assert other.partition() == first
    assert set(model.state_dict()) == {"weight", "b", "c", "rates"}


def test_log_z_is_recalled_for_its_own_weights_alone() -> None:
    model = a_model()
    found = model.partition()
    again = a_model()
    again.recall(replace(found, below=7.0))
    assert again.partition().below == 7.0
    again.recall(replace(found, below=7.0, weights=found.weights + 1))
    assert again.partition() == found


def test_samples_have_the_models_law() -> None:
    """What is shown is p(v | h): its mean is that of v, and so is that of products of two pixels, but for their own
    coins, which are independent."""
    model = a_model(1.0)
    model.b.copy_(-model.weight.sum(0) / 2)  # all coins near fair, so that what they do together is strong
    model.c.copy_(-model.weight.sum(1) / 2)
    made = model.sample(range(3_000), Controls(gibbs_steps=30)).flatten(1).double()
    p, v = law(of(model)), patterns(16)
    torch.testing.assert_close(made.mean(0), p @ v, atol=0.03, rtol=0)
    pairs = v.T @ (p[:, None] * v)
    off = ~torch.eye(16).bool()
    torch.testing.assert_close((made.T @ made / len(made))[off], pairs[off], atol=0.03, rtol=0)
    assert (pairs - torch.outer(p @ v, p @ v))[off].abs().max() > 0.05, "nothing to find"


def test_steps_begin_at_coins_and_one_more_is_one_more() -> None:
    model = a_model()
    steps = list(model.sample_steps([1, 2], Controls(gibbs_steps=6)))
    assert len(steps) == 7
    assert set(steps[0].unique().tolist()) == {0.0, 1.0}
    assert torch.equal(model.sample([1, 2], Controls(gibbs_steps=5)), steps[5])


def test_free_energy_along_the_chain_has_the_mean_of_the_models_law() -> None:
    model = a_model(0.4)
    *_, (_, found) = model.traced_steps(range(4_000), Controls(gibbs_steps=20))
    energy = of(model).free_energy(patterns(16))
    expected, spread = law(of(model)) @ energy, energy.std()
    assert float(found.mean()) == pytest.approx(float(expected), abs=4 * float(spread) / math.sqrt(4_000))
    (_, first), *_ = model.traced_steps(range(4_000), Controls(gibbs_steps=1))
    assert float(first.mean()) == pytest.approx(float(energy.mean()), abs=4 * float(spread) / math.sqrt(4_000))
    assert abs(float(expected - energy.mean())) > 0.2 * float(spread), "nothing to tell apart"


def test_a_completion_has_the_law_of_the_rest_given_what_is_known() -> None:
    """Known pixels anywhere, not only the first ones: the chain looks both ways."""
    model = a_model()
    known = torch.zeros(16, dtype=torch.bool)
    known[[3, 6, 9, 12, 15]] = True
    x = torch.zeros(16)
    x[[3, 12]] = 1
    count = 3_000
    made = model.complete(
        x.view(1, 1, 4, 4).expand(count, -1, -1, -1),
        known.view(1, 1, 4, 4).expand(count, -1, -1, -1),
        range(count),
        Controls(gibbs_steps=30),
    ).flatten(1)
    assert torch.equal(made[:, known], x[known].expand(count, -1))
    v, p = patterns(16), law(of(model))
    p = p * (v[:, known] == x[known]).all(1)
    torch.testing.assert_close(made.mean(0).double(), (p / p.sum()) @ v, atol=0.04, rtol=0)


# --- Learning --------------------------------------------------------------------------------------------------------


def step(model: RBM, x: Tensor, **how: object) -> dict[str, Tensor]:
    settings = Training(**how)
    return model.train_step(Batch(x, torch.Generator().manual_seed(0), 0, 1), model.optimizers(settings), settings)


def test_the_gradient_is_the_difference_of_two_expectations() -> None:
    """d log p / dW = E_data p(h | v) v - E_model p(h | v) v, with the chains' ends for the model."""
    model = a_model().requires_grad_(True)
    m = of(model)
    rng = torch.Generator().manual_seed(0)
    x = (torch.rand(32, 1, 4, 4, generator=torch.Generator().manual_seed(1)) < 0.5).float()
    before = copy.deepcopy(model)
    step(model, x, learning_rate=1.0, momentum=0, weight_decay=0, chains="data", gibbs_steps=2)
    torch.rand(32, 16, generator=rng)  # what read the pixels
    v, single = x.flatten(1), before.machine
    with torch.no_grad():
        end = single.gibbs(v, rng, 2)
    moments = [(m.hidden(u.double()).sigmoid(), u.double()) for u in (v, end)]
    (h0, v0), (h1, v1) = moments
    expected = {"weight": h0.T @ v0 - h1.T @ v1, "b": (v0 - v1).sum(0), "c": (h0 - h1).sum(0)}
    for key, moved in expected.items():
        found = (model.get_parameter(key) - before.get_parameter(key)).detach().double()
        torch.testing.assert_close(found, moved / 32, atol=1e-5, rtol=1e-4)


def test_at_the_law_of_the_data_learning_stands_still_on_average() -> None:
    """With data that the model itself drew, chains of any length have their law: the fixed point of CD."""
    model = a_model(0.5)
    p, v = law(of(model)), patterns(16)
    rng = torch.Generator().manual_seed(2)
    x = v[torch.multinomial(p, 40_000, replacement=True, generator=rng)].float().view(-1, 1, 4, 4)
    moved = copy.deepcopy(model).requires_grad_(True)
    step(moved, x, learning_rate=1.0, momentum=0, weight_decay=0, chains="data")
    for key, after in moved.named_parameters():
        assert (after - model.get_parameter(key)).abs().max() < 0.02
    elsewhere = copy.deepcopy(model).requires_grad_(True)
    step(elsewhere, 1 - x, learning_rate=1.0, momentum=0, weight_decay=0, chains="data")
    assert (elsewhere.b - model.b).abs().max() > 0.1


@pytest.mark.parametrize("chains", ["data", "persistent"])
def test_learning_finds_a_law(chains: str) -> None:
    """Of two pixels that agree in seven cases of ten; all others are off."""
    pairs = torch.tensor([[0, 0]] * 6 + [[1, 1]] * 8 + [[0, 1]] * 3 + [[1, 0]] * 3).repeat(20, 1)
    model = a_model(0.5).requires_grad_(True)
    how = Training(learning_rate=0.5, chains=chains, gibbs_steps=2, weight_decay=0)
    optimizers, rng = model.optimizers(how), torch.Generator().manual_seed(0)
    x, v, found = torch.zeros(400, 16), patterns(16).long(), []
    x[:, [0, 15]] = pairs.float()
    for i in range(400):
        model.train_step(Batch(x.view(400, 1, 4, 4), rng, i, 400), optimizers, how)
        if i >= 200 and i % 20 == 0:  # the last steps together: each of them still wanders
            found.append(torch.zeros(4).index_add_(0, 2 * v[:, 0] + v[:, 15], law(of(model)).float()))
    torch.testing.assert_close(torch.stack(found).mean(0), torch.tensor([0.3, 0.15, 0.15, 0.4]), atol=0.05, rtol=0)


def test_persistent_chains_go_on_and_are_no_part_of_the_model() -> None:
    model = a_model().requires_grad_(True)
    how = Training()
    optimizers, rng = model.optimizers(how), torch.Generator().manual_seed(0)
    x = torch.ones(8, 1, 4, 4)
    model.train_step(Batch(x, rng, 0, 2), optimizers, how)
    first = optimizers["rbm"].state[model.b]["chains"]
    assert first.shape == (8, 16)
    restored = model.optimizers(how)
    restored["rbm"].load_state_dict(copy.deepcopy(optimizers["rbm"].state_dict()))
    assert torch.equal(restored["rbm"].state[model.b]["chains"], first), "a run that goes on would start them anew"
    model.train_step(Batch(x, rng, 1, 2), optimizers, how)
    assert not torch.equal(optimizers["rbm"].state[model.b]["chains"], first)
    assert set(model.state_dict()) == {"weight", "b", "c", "rates"}


def test_chains_begin_as_often_on_as_the_data_are() -> None:
    """From fair coins many chains of a trained one never came to a digit."""
    model = a_model().requires_grad_(True)
    optimizers, rng = model.optimizers(Training()), torch.Generator().manual_seed(0)
    x = torch.zeros(8, 1, 4, 4)
    x[..., 2:] = 0.8
    for step in range(600):
        model.train_step(Batch(x, rng, step, 600), optimizers, Training())
    torch.testing.assert_close(model.rates, x[0].flatten(), atol=0.01, rtol=0)
    first = next(model.eval().sample_steps(range(2_000)))
    torch.testing.assert_close(first.mean(0), x[0], atol=0.05, rtol=0)


@pytest.mark.parametrize("space", [{"channels": 3, "side": 16}, {"side": 33}])
def test_only_small_grey_pictures(space: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="grey pictures of at most 32 x 32"):
        Config(space=Pictures.model_validate(space))
