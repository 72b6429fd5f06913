"""The doctor on planted failures: over twenty seeds each, hardly one is missed, and hardly one called that is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch

from genlib import catalog, data
from genlib.lab import doctor
from genlib.lab.doctor import Diagnosis
from genlib.lab.seen import MADE, Seen, Watcher

SETTINGS = {
    "game": "non-saturating", "gamma": 0.0, "generator_rate": 1e-3, "discriminator_rate": 1e-3, "discriminator_steps": 1
}  # fmt: skip
WATCHERS = {name: Watcher(data.load_points(name)) for name in ("ring8", "grid25", "moons")}
Points = Callable[[Watcher, np.random.Generator], np.ndarray]


def on(share: float, noise: float = 1.0) -> Points:
    """Samples on a share of the law's Gaussians."""

    def make(watcher: Watcher, rng: np.random.Generator) -> np.ndarray:
        means, sigma = watcher.law.means.numpy(), watcher.law.sigma.numpy()
        some = rng.permutation(len(means))[: max(1, round(share * len(means)))]
        which = rng.choice(some, MADE)
        return means[which] + noise * sigma[which, None] * rng.standard_normal((MADE, 2))

    return make


def beside(watcher: Watcher, rng: np.random.Generator) -> np.ndarray:
    """A heap where there is no data."""
    return np.array([0.1, 0.05]) + 0.01 * rng.standard_normal((MADE, 2))


def flat(level: float) -> Callable[[np.random.Generator], np.ndarray]:
    return lambda rng: np.clip(level + 0.03 * rng.standard_normal(300), 0.001, 0.999)


def steady(rng: np.random.Generator) -> np.ndarray:
    return 0.69 + 0.2 * rng.standard_normal(300)


def growing(rng: np.random.Generator) -> np.ndarray:
    return np.exp(np.linspace(0, rng.uniform(9, 40), 300)) * (1 + 0.2 * rng.standard_normal(300))


HALF = {"D(real)": flat(0.5), "D(fake)": flat(0.5)}
CASES: dict[str, tuple[str, Points, Mapping[str, Callable[[np.random.Generator], np.ndarray]]]] = {
    "all of it": ("well", on(1.0), HALF),
    "all of it, a little blurred": ("well", on(1.0, 1.4), HALF),
    "a quarter of the modes": ("collapse", on(0.25), HALF),
    "one mode": ("collapse", on(0.0, 0.5), HALF),
    "a heap, and D knows": ("won", beside, {"D(real)": flat(0.999), "D(fake)": flat(0.001)}),
    "a heap, and D does not know": ("collapse", beside, HALF),
    "a loss that grows": ("diverging", on(0.5), {"distance": growing, "loss": steady}),
    "blurred": ("between", on(1.0, 6.0), HALF),
}


MOMENTS = 6  # of each run


def going_round(watcher: Watcher, rng: np.random.Generator) -> list[np.ndarray]:
    """A heap at another mode, or between them, at each moment."""
    at = rng.choice(watcher.law.means.numpy(), MOMENTS + 1, replace=False)
    return [place + rng.uniform(0.01, 0.1) * rng.standard_normal((MADE, 2)) for place in (at[1:] + 0.3 * at[:-1])]


def diagnose(case: str, watcher: Watcher, seed: int) -> Diagnosis:
    rng = np.random.default_rng(seed)
    _, points, curves = CASES[case]
    made = points(watcher, rng).astype(np.float32)
    # Their samples move a little all the time, as those of every run do.
    moments = [made + 0.02 * rng.standard_normal(made.shape).astype(np.float32) for _ in range(MOMENTS - 1)] + [made]
    return doctor.look(
        2000, 3000, {name: make(rng) for name, make in curves.items()}, looks(moments, watcher), SETTINGS, {}
    )


def looks(moments: list[np.ndarray], watcher: Watcher) -> list[Seen]:
    """With the gauges of the last one: no other one's are read."""
    gauges = watcher.gauges(torch.from_numpy(moments[-1].astype(np.float32)))
    return [Seen(made, gauges, None, "", None, np.zeros((1, 1)), None) for made in moments]


def test_each_diagnosis_is_found_and_no_other_one() -> None:
    found: list[tuple[str, str]] = []
    for case, (truth, *_) in CASES.items():
        for seed in range(20):
            watcher = WATCHERS[("ring8", "grid25")[seed % 2]]
            found.append((truth, diagnose(case, watcher, seed).sign))
    for seed in range(20):
        rng, watcher = np.random.default_rng(seed), WATCHERS[("ring8", "grid25")[seed % 2]]
        seen, curves = looks(going_round(watcher, rng), watcher), {name: make(rng) for name, make in HALF.items()}
        found.append(("oscillation", doctor.look(2000, 3000, curves, seen, SETTINGS, {}).sign))
    for sign in ("well", "collapse", "won", "oscillation", "diverging", "between"):
        right = found.count((sign, sign))
        assert right / sum(truth == sign for truth, _ in found) >= 0.9, sign
        assert right / sum(said == sign for _, said in found) >= 0.9, sign


def test_a_curve_has_no_modes_and_is_diagnosed_too() -> None:
    assert diagnose("all of it", WATCHERS["moons"], 0).sign == "well"
    watcher = WATCHERS["moons"]
    end = watcher.law.means[:20].float()[torch.arange(MADE) % 20]  # one end of one moon
    seen = Seen(end.numpy(), watcher.gauges(end), None, "", None, np.zeros((1, 1)), None)
    found = doctor.look(2000, 3000, {}, [seen], SETTINGS, {})
    assert found.sign == "collapse"
    assert "of the curve" in found.said


def test_numbers_that_ran_away_are_told_at_once() -> None:
    found = doctor.look(3, 3000, {}, [], SETTINGS, {}, failed=True)
    assert found.sign == "diverging"
    assert found.change == {"generator_rate": 1e-4, "discriminator_rate": 1e-4}


@pytest.mark.parametrize(
    ("case", "model", "settings", "change"),
    [
        ("a heap, and D knows", "gan", {"game": "minimax"}, {"game": "non-saturating"}),
        ("a heap, and D knows", "gan", {"discriminator_steps": 5}, {"discriminator_steps": 1}),
        ("one mode", "unrolled", {"ahead": 3}, {"ahead": 7}),
        ("one mode", "unrolled", {"ahead": 20}, {}),
        ("one mode", "ebgan", {"pull": 0.1}, {"pull": 0.5}),
        ("one mode", "cgan", {"discriminator_steps": 15}, {"discriminator_steps": 20}),
        ("one mode", "wgan", {"critic_steps": 30}, {"critic_steps": 60}),
        ("one mode", "wgan", {"critic_steps": 60}, {"critic_steps": 100}),
        ("a loss that grows", "wgan", {"bound": "none"}, {"bound": "penalty"}),
    ],
)
def test_the_advice_is_a_change_of_what_the_model_has(
    case: str, model: str, settings: dict[str, object], change: dict[str, object]
) -> None:
    rng, watcher = np.random.default_rng(0), WATCHERS["ring8"]
    _, points, curves = CASES[case]
    made = points(watcher, rng).astype(np.float32)
    seen = Seen(made, watcher.gauges(torch.from_numpy(made)), None, "", None, np.zeros((1, 1)), None)
    most = doctor.largest(catalog.model_class(model))
    found = doctor.look(2000, 3000, {name: make(rng) for name, make in curves.items()}, [seen], settings, most)
    assert found.change == change


def test_it_says_nothing_too_early() -> None:
    made = np.zeros((MADE, 2), np.float32)
    seen = Seen(made, WATCHERS["ring8"].gauges(torch.from_numpy(made)), None, "", None, np.zeros((1, 1)), None)
    assert doctor.look(10, 3000, {}, [seen], SETTINGS, {}).sign == "early"
