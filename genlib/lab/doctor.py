"""Reads a run in plain words: what it shows, the number that says so, and the change that helps.

    Goodfellow, "NIPS 2016 Tutorial: Generative Adversarial Networks" (section 5). https://arxiv.org/abs/1701.00160

A diagnosis goes by what is measured, and by what a model's schema lets one change: no model is known by its name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from genlib import query
from genlib.lab.album import Drawn
from genlib.lab.seen import Seen

if TYPE_CHECKING:
    from genlib.models.base import Model

Sign = Literal["well", "early", "won", "oscillation", "collapse", "memorising", "between", "diverging"]

EARLY = 0.15  # share of the steps before which nothing is said but that numbers run away
SURE = 0.95  # of D on data, and one minus it on samples: it has won
LOST = 0.5  # share of the modes below which a generator has collapsed, where its samples lie on modes at all
ON = 0.5  # share of samples within three sigma above which they do
WELL, SHARP, NEAR = 0.9, 0.8, 0.1  # share of the modes, of the samples within three sigma, and nats of Jensen-Shannon
HEAP = 0.1  # of the samples' distance to the data: who is spread over less is in one place
GROWN = 20.0  # times as large as in the first steps: a value that grows without end
BEYOND = 1000.0  # nobody's loss on points is as large
LATE, FEWEST = 8, 4  # moments that are looked at for restlessness, and transitions between them that it takes
RESTLESS = 0.5  # share of the samples that are elsewhere at the next moment: so many where a heap chases round
CELLS = {1: 32, 2: 8}  # along each axis, by dimensions, among which samples are counted for it
VARIED = 0.7  # of the variety of the data: what pictures of a model reach that has learned most of it
COPIES = 0.2  # share of the pictures that are copies, above which a run learns by heart; of new ones hardly any are
STEPS = ("ahead", "critic_steps", "discriminator_steps")  # of the judge, looked ahead to or made
PULL = 0.5  # of EBGAN's pulling-away term: with less of it, modes are lost on the ring
ALIKE = 0.5  # of the variety of the data, and of their own best, below which pictures have become too much alike


@dataclass(frozen=True)
class Diagnosis:
    """
    sign    what it is called in code
    said    what is seen, with its number, in plain words
    advice  what helps; "" where nothing is wrong
    change  fields of the model's Config and Training that do it, with their new values
    """

    sign: Sign
    said: str
    advice: str = ""
    change: Mapping[str, Any] = field(default_factory=dict)


def look(
    step: int,
    steps: int,
    curves: Mapping[str, np.ndarray],
    seen: Sequence[Seen],
    settings: Mapping[str, Any],
    most: Mapping[str, float],
    failed: bool = False,
) -> Diagnosis:
    """The diagnosis of a run after `step` of `steps`.

    curves    name -> its values (T,), as train_step returned them
    seen      the moments so far, the last one last; at least one
    settings  the model's, of Config and Training
    most      of them what each may be at most, as the schemas say: see largest()
    failed    whether its numbers are no longer finite
    """
    if (diverging := _diverging(curves, settings, failed)) is not None:
        return diverging
    gauges = seen[-1].gauges
    if step < EARLY * steps:
        return Diagnosis("early", f"It is early: {step:,} of {steps:,} steps.")
    covered = gauges.covered / (gauges.modes or 1)
    of = f"{gauges.covered:.0f} of {gauges.modes} modes" if gauges.modes else f"{covered:.0%} of the curve"
    if (sure := _sure(curves)) is not None and not (covered >= WELL and gauges.sharp > ON):
        return _won(sure, settings)
    if covered < WELL and (moved := _restless(seen)) > RESTLESS:
        return Diagnosis(
            "oscillation",
            f"It goes round: from one look to the next {moved:.0%} of the samples move elsewhere, and they cover {of}.",
            *_spread(settings, most),
        )
    if covered < LOST and gauges.sharp >= ON:
        return Diagnosis(
            "collapse",
            f"Mode collapse: samples lie where data do ({gauges.sharp:.0%} within three sigma), but cover {of}.",
            *_spread(settings, most),
        )
    if covered < LOST and float(seen[-1].made.std(0).max()) < HEAP * gauges.emd:
        return Diagnosis(
            "collapse",
            f"Mode collapse: all samples lie in one heap, {gauges.emd:.2g} away from the data on average.",
            "Learn ten times more slowly.",
            slower(settings),
        )
    if covered >= WELL and gauges.sharp >= SHARP and gauges.js < NEAR:
        return Diagnosis("well", f"All is well: {of} covered, {gauges.sharp:.0%} of the samples within three sigma.")
    return Diagnosis(
        "between",
        f"On its way: {of} covered, {gauges.sharp:.0%} of the samples within three sigma of data, "
        f"Jensen-Shannon {gauges.js:.2f}.",
        "More steps, with rates that fall at the end, draw it sharper.",
    )


def look_at_pictures(
    step: int,
    steps: int,
    curves: Mapping[str, np.ndarray],
    seen: Sequence[Drawn],
    settings: Mapping[str, Any],
    most: Mapping[str, float],
    failed: bool = False,
) -> Diagnosis:
    """The same of a run on pictures. `seen`: its moments so far, the last one last; at least one."""
    if (diverging := _diverging(curves, settings, failed)) is not None:
        return diverging
    if step < EARLY * steps:
        return Diagnosis("early", f"It is early: {step:,} of about {steps:,} steps.")
    variety, copied = seen[-1].variety, seen[-1].copied
    vary = "" if math.isnan(variety) else f" Its pictures vary {variety:.0%} as much as those of the data."
    if variety > ALIKE and copied > COPIES:
        return Diagnosis(
            "memorising",
            f"It learns by heart: {copied:.0%} of its pictures are copies, less than half as far from one of the data "
            "as from the next one.",
            "Bring more pictures: of so few it need not find out what they have in common.",
        )
    if (sure := _sure(curves)) is not None:
        return _won(sure, settings)
    if variety < min(ALIKE, ALIKE * max(one.variety for one in seen)):
        return Diagnosis("collapse", f"Its pictures have become alike.{vary}", *_spread(settings, most))
    if step < steps:
        return Diagnosis("between", f"Nothing is wrong so far.{vary}")
    if variety < VARIED:
        return Diagnosis("between", f"Nothing went wrong, and there is more to learn.{vary}", "Give it more time.")
    return Diagnosis("well", f"Nothing went wrong.{vary}")


def largest(model: type[Model[Any, Any, Any]]) -> dict[str, float]:
    """What each number among a model's settings may be at most."""
    known = {**query.fields(model.Config), **query.fields(model.Training)}
    return {name: field["maximum"] for name, field in known.items() if "maximum" in field}


def slower(settings: Mapping[str, Any]) -> dict[str, float]:
    """The learning rates among a model's settings, ten times lower."""
    return {k: v / 10 for k, v in settings.items() if k.endswith("rate") and isinstance(v, float)}


def _diverging(curves: Mapping[str, np.ndarray], settings: Mapping[str, Any], failed: bool) -> Diagnosis | None:
    runaway = _grows(curves)
    if not (failed or runaway):
        return None
    said = f"{runaway[0]} has grown to {runaway[1]:,.3g}" if runaway else "The numbers are no longer finite"
    if settings.get("bound") == "none":
        return Diagnosis("diverging", f"{said}: nothing bounds the critic.", "Bound it.", {"bound": "penalty"})
    return Diagnosis("diverging", f"{said}: it diverges.", "Learn ten times more slowly.", slower(settings))


def _won(sure: tuple[float, float], settings: Mapping[str, Any]) -> Diagnosis:
    return Diagnosis(
        "won",
        f"The discriminator has won: it gives data {sure[0]:.0%} and samples {sure[1]:.0%}, and the generator "
        "hears little from it.",
        *_weaker(settings),
    )


def _grows(curves: Mapping[str, np.ndarray]) -> tuple[str, float] | None:
    """A curve that has become far larger than it was, and how large it is."""
    for name, values in curves.items():
        if len(values) < 20:
            continue
        early = float(np.abs(values[: max(5, len(values) // 10)]).max())
        now = float(np.median(np.abs(values[-5:])))
        if not math.isfinite(now) or now > max(BEYOND, GROWN * early):
            return name, now
    return None


def _sure(curves: Mapping[str, np.ndarray]) -> tuple[float, float] | None:
    """What D says of data and of samples, of late, where it is sure of both."""
    real, fake = curves.get("D(real)"), curves.get("D(fake)")
    if real is None or fake is None or len(real) < 5:
        return None
    late = max(5, len(real) // 10)
    of_real, of_fake = float(np.median(real[-late:])), float(np.median(fake[-late:]))
    return (of_real, of_fake) if of_real > SURE and of_fake < 1 - SURE else None


def _restless(seen: Sequence[Seen]) -> float:
    """The share of the samples that are elsewhere at the next moment, of late (a median); 0: too few moments to say."""
    late = [one.made for one in seen[-LATE:]]
    moved = [_moved(before, after) for before, after in pairwise(late)]
    return float(np.median(moved)) if len(moved) >= FEWEST else 0.0


def _moved(before: np.ndarray, after: np.ndarray) -> float:
    """Total variation between two sets of samples (N, D), counted in cells over both."""
    both = np.concatenate([before, after])
    low, high = both.min(0), both.max(0)
    counts = [np.histogramdd(x, CELLS[x.shape[1]], list(zip(low, high, strict=True)))[0] for x in (before, after)]
    return float(np.abs(counts[0] / len(before) - counts[1] / len(after)).sum()) / 2


def _weaker(settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    if settings.get("game") == "minimax":
        return "Let the generator ascend log D: its gradient does not fade.", {"game": "non-saturating"}
    if settings.get("discriminator_steps", 1) > 1:
        return "Let the discriminator make one step only.", {"discriminator_steps": 1}
    if settings.get("gamma") == 0 and "smoothing" in settings:  # VAE/GAN's and BEGAN's gamma weighs something else
        return "Penalise the discriminator's slopes: it stays smooth, and has something to say.", {"gamma": 0.1}
    if "discriminator_rate" in settings:
        return "Let the discriminator learn more slowly.", {"discriminator_rate": settings["discriminator_rate"] / 5}
    return "Let the discriminator learn more slowly.", {}


def _spread(settings: Mapping[str, Any], most: Mapping[str, float]) -> tuple[str, dict[str, Any]]:
    if settings.get("game", "relativistic") != "relativistic":
        change = {"game": "relativistic", "gamma": 0.02, "discriminator_rate": settings["generator_rate"]}
        return "Compare each sample with a real point, with penalised slopes: heaping no longer pays.", change
    if settings.get("pull", PULL) < PULL:
        return "Pull the samples of a batch apart, which asks them to differ.", {"pull": PULL}
    raised = {k: 2 * v + (k == "ahead") for k, v in settings.items() if k in STEPS and v < most.get(k, v)}
    change = {k: min(v, most[k]) for k, v in raised.items()}
    if "ahead" in change:
        return "Look further ahead.", {"ahead": change["ahead"]}
    return ("Let the judge move more often.", change) if change else ("Give it more units, and more steps.", {})
