"""Lessons: small experiments that each ask a question and answer it. What a lesson shows, its run has to show."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Lesson:
    """An experiment.

    key       in an address
    question  to think about before it starts
    answer    what is seen, and why
    model     the model file, and with which `settings` of its Config and Training; others are the model's own
    beside    (model, settings, what it is called) of a second run with the same seed and data; None: there is none
    called    what the first run is called beside the second
    in_batches   whether it is seen how pictures depend on those that are made with them (of Album)
    """

    key: str
    title: str
    question: str
    answer: str
    data: str
    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[str, Mapping[str, Any], str] | None = None
    called: str = ""
    in_batches: bool = False


# A generator that moves fast against a discriminator that hardly looks: the game of the paper, on its bad day.
GREEDY = {"game": "non-saturating", "gamma": 0.0, "beta2": 0.999, "generator_rate": 1e-3, "discriminator_rate": 1e-4}

# A discriminator far ahead: quick, and five steps for one of a slow generator's.
AHEAD = {
    "gamma": 0.0, "beta2": 0.999, "width": 64,
    "generator_rate": 1e-4, "discriminator_rate": 1e-2, "discriminator_steps": 5,
}  # fmt: skip
SMOOTH = {"game": "non-saturating", "gamma": 0.0, "beta2": 0.999, "smoothing": 0.3}

# Convolutional players small enough for some thousand steps in a minute.
NARROW = {"generator_width": 16, "discriminator_width": 16}
HEARD = {"width": 16, "latent": 32, "generator_rate": 1e-3, "discriminator_rate": 5e-4, "gamma": 1.0}

LESSONS: tuple[Lesson, ...] = (
    Lesson(
        "collapse",
        "Mode collapse, and looking ahead",
        "Both generators learn the ring of eight, from the same start. One moves against the discriminator as it "
        "stands, the other against what it is going to answer. Which will cover all eight?",
        "The plain generator heaps its samples where the discriminator believes most. The discriminator learns to "
        "disbelieve that place, and the heap moves on: it chases round the ring and never spreads. The unrolled one "
        "is told in advance how a heap will be answered, so heaping does not pay, and it spreads.",
        data="ring8",
        model="gan",
        settings=GREEDY,
        recipe={"steps": 3000, "ema": 0.0, "cooldown": 0.0},
        called="Plain game",
        beside=("unrolled", {}, "Looking ahead"),
    ),
    Lesson(
        "unbounded",
        "A critic without a bound",
        "A critic measures how far samples have to be carried to become data, as long as it rises nowhere faster than "
        "1. Nothing holds the first one to that. What will become of its values?",
        "Without a bound the critic's values grow without end and measure nothing, though the samples may look well "
        "for a while. With the penalty on its slope, the difference of the critic's means stays an estimate of the "
        "distance, and falls as the samples come nearer.",
        data="ring8",
        model="wgan",
        settings={"bound": "none"},
        recipe={"steps": 1500, "ema": 0.0, "cooldown": 0.0},
        called="No bound",
        beside=("wgan", {"bound": "penalty"}, "Penalty on the slope"),
    ),
    Lesson(
        "clipping",
        "Clipping or a penalty",
        "There are two ways to bound a critic: clip its weights, or penalise slopes other than 1. Which of them draws "
        "the ring more sharply after the same number of steps?",
        "Clipped weights all go to the ends of their range, and the critic becomes a simple, nearly straight surface: "
        "the samples come near the ring but not onto it. The penalty leaves the critic its shape.",
        data="ring8",
        model="wgan",
        settings={"bound": "clip", "clip": 0.1},
        recipe={"steps": 1500, "ema": 0.0, "cooldown": 0.0},
        called="Clipped",
        beside=("wgan", {"bound": "penalty"}, "Penalty on the slope"),
    ),
    Lesson(
        "steps",
        "How often may the discriminator move?",
        "The same game twice: the discriminator makes one step for each of the generator's, or five. Is a better judge "
        "a better teacher?",
        "With five steps D is closer to the best discriminator, p / (p + q), so that the generator hears more of the "
        "truth at each step. It costs five times the work, and where D becomes too sure there is less to learn from.",
        data="grid25",
        model="gan",
        settings={"discriminator_steps": 1},
        recipe={"steps": 1500},
        called="One step (k = 1)",
        beside=("gan", {"discriminator_steps": 5}, "Five steps (k = 5)"),
    ),
    Lesson(
        "saturation",
        "When the discriminator is ahead",
        "Twice the same game against a discriminator that soon tells everything apart. One generator descends "
        "log(1 - D), as the value function says, the other ascends log D. Which of them still hears from it?",
        "Where D is sure of a sample, log(1 - D) is near 0 and level: the first generator's loss flattens just when it "
        "does worst, and its samples hardly move. log D is steep there, so the second one is pushed the harder, the "
        "worse it does. In 600 steps hardly a sample of the first one reaches the ring; of the second one's a third or "
        "more do, though on two modes only, for such a judge is no good teacher of anybody.",
        data="ring8",
        model="gan",
        settings={**AHEAD, "game": "minimax"},
        recipe={"steps": 600, "batch_size": 128, "ema": 0.0, "cooldown": 0.0},
        called="Descends log(1 - D)",
        beside=("gan", {**AHEAD, "game": "non-saturating"}, "Ascends log D"),
    ),
    Lesson(
        "smoothing",
        "Smoothing one label, or both",
        "D is asked for 0.7 in place of 1 on data, so that it is never too sure. Should it be asked for 0.3 in place "
        "of 0 on samples as well?",
        "Here it helps: between 0.3 and 0.7 D stays smooth, and the samples lie closer to the data than with one side. "
        "What it costs is seen away from them: where there are samples only, the best D is 0.3 and level, and a sample "
        "that has gone astray is told no way home. With pictures, nearly all samples are astray at first, so there "
        "the labels of data alone are smoothed.",
        data="ring8",
        model="gan",
        settings={**SMOOTH, "fake_target": 0.0},
        recipe={"steps": 1500},
        called="Data alone",
        beside=("gan", {**SMOOTH, "fake_target": 0.3}, "Data and samples"),
    ),
    Lesson(
        "likelihood",
        "Two ways to be wrong",
        "A VAE is taught to leave nothing out; a GAN is taught to make nothing that looks wrong. How will each of them "
        "fail on two moons?",
        "The VAE's own density, the map under its points, covers all of the data, and the gap between the moons, too: "
        "it would rather blur than leave something out. What it draws are the means of that density, so they run "
        "through the gap. The GAN knows no density. Its samples gather about the moons, and what they leave empty "
        "costs it little.",
        data="moons",
        model="vae",
        recipe={"steps": 1500},
        called="VAE",
        beside=("gan", {"game": "non-saturating", "gamma": 0.0, "beta2": 0.999}, "GAN"),
    ),
    Lesson(
        "company",
        "Batch norm in small batches",
        "Two generators learn faces, four at a time. Each column shows one seed, and in each row it is made among "
        "other ones, as in training. The first generator goes by batch norm, the second by a reference batch. Whose "
        "columns change?",
        "The first one's. Batch norm takes the mean and the spread of each feature from the batch, so a face has not "
        "its colour to itself: from each of four seeds 11 to 32 % of it, after 300 to 400 steps, followed from the "
        "company, as the curve says. What the four have together is fixed: where one turns darker, the others turn "
        "lighter. A reference batch, drawn once and computed along, takes the others' place: every column is one "
        "picture. That costs twice the work.",
        data="faces",
        model="dcgan",
        settings={**NARROW, "normalisation": "batch"},
        recipe={"batch_size": 4, "ema": 0.95},
        called="Batch norm",
        beside=("dcgan", {**NARROW, "normalisation": "reference"}, "Reference batch"),
        in_batches=True,
    ),
    Lesson(
        "balance",
        "BEGAN's balance",
        "Here the discriminator is an autoencoder. It learns to say data again well, and the generator wants its "
        "samples to be said well, too. A balance k has the discriminator say them badly as soon as the generator is "
        "ahead; the first run has none. What will its generator make?",
        "What is easiest to say: nothing. Without the balance nobody objects, and all seeds become the same empty "
        "picture: after 800 steps from each of four seeds they varied 1 % as much as the data, and the loss on samples "
        "was at most a tenth of that on data. With the balance k rises as long as samples are said better than data, "
        "and holds the two losses near each other (gamma is 1): the pictures varied 46 to 61 % as much as the data. "
        "They begin with simple strokes, which are easy to say as well.",
        data="digits",
        model="began",
        settings={**HEARD, "balance_rate": 0.0},
        recipe={"batch_size": 16, "ema": 0.9},
        called="No balance",
        beside=("began", {**HEARD, "balance_rate": 0.05}, "Balance"),
    ),
)


def of(sets: Container[str]) -> tuple[Lesson, ...]:
    """Those on any of these data."""
    return tuple(lesson for lesson in LESSONS if lesson.data in sets)


def find(key: str) -> Lesson | None:
    """The lesson of that key."""
    return next((lesson for lesson in LESSONS if lesson.key == key), None)
