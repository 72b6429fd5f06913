"""Everything that can be measured about a checkpoint, chosen by what its model can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from genlib import __version__, data
from genlib.checkpoint import Checkpoint
from genlib.contract import Decodes, Encodes, Samples, Scores, Translates
from genlib.metrics.classes import accuracy, classes
from genlib.metrics.features import draw, extract, extractor, features_of, spread
from genlib.metrics.likelihood import likelihood
from genlib.metrics.memory import memory
from genlib.metrics.quality import compare
from genlib.metrics.reconstruction import reconstruction
from genlib.metrics.translation import translation
from genlib.models.classifier import Classifier

SAMPLES = 5000  # at most
COMPARED = 1000  # samples whose nearest training picture is looked for
DIGITS = 6  # significant ones that are kept


def evaluate(
    checkpoint: Checkpoint, samples: int | None = None, progress: Callable[[str], object] = print
) -> dict[str, Any]:
    """Measure on the test split of the checkpoint's data set, with seeds 0, 1, ... and default controls.

    samples   how many to draw; None: 5,000, or as many as there are validation or test pictures where those are fewer,
              so that the floor is made of pictures which the extractor did not see either
    Returns what `Spec.measured` stores: {"protocol": ..., and by what the model can do "quality", "classes", "memory",
    "likelihood", "reconstruction", "translation", "accuracy"}; every entry is JSON. The same checkpoint gives
    the same numbers again.
    Raises GenlibError: weights or data missing or damaged, no classifier for this data set.
    """
    model, recipe = checkpoint.load(), checkpoint.spec.recipe
    test = data.load(recipe.data, "test", size=recipe.size)
    real, main = test.pixels, test.info.main_label
    protocol: dict[str, Any] = {"data": recipe.data, "split": "test", "reals": len(real), "genlib": __version__}
    found: dict[str, Any] = {"protocol": protocol}

    if isinstance(model, Samples):
        count = samples or min(SAMPLES, len(real), test.info.splits["validation"])
        protocol |= {"samples": count, "seeds": f"0 to {count - 1}", "controls": model.Controls().model_dump()}
        progress(f"Drawing {count:,} samples")
        made = draw(model, range(count))

        progress("Comparing them with the test pictures")
        judge = extractor(recipe.data, model.image_shape)
        of_real, of_made = features_of(real, judge), features_of(made, judge)
        found["quality"] = asdict(compare(of_real, of_made, judge))
        classifier = judge.load()
        if isinstance(classifier, Classifier):
            found["classes"] = asdict(classes(classifier, main, test.info.labels[main], of_made, of_real))

        progress("Looking for their nearest training pictures")
        found["memory"] = asdict(memory(recipe.data, made[:COMPARED], spread(real, COMPARED)))

    if isinstance(model, Scores):
        progress("Measuring the likelihood of the test pictures")
        found["likelihood"] = asdict(likelihood(model, real))

    if isinstance(model, Encodes) and isinstance(model, Decodes):
        progress("Reconstructing the test pictures")
        found["reconstruction"] = asdict(reconstruction(model, real))

    if isinstance(model, Translates):
        found["translation"] = translation(model, recipe, progress)

    if isinstance(model, Classifier):
        progress("Naming the test pictures")
        found["accuracy"] = accuracy(model, extract(real, model), test.labels)

    return _rounded(found)


def _rounded(value: Any) -> Any:
    """Floats with the digits that mean something: the stored file changes only when a result does."""
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
