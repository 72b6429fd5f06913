"""The head of a card: what the Hugging Face Hub reads of it, in YAML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from genlib import data, measures
from genlib.checkpoint import Checkpoint
from genlib.contract import Encodes, Names, Samples, Translates
from genlib.data import DataInfo
from genlib.spaces import Points

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

# The Hub's identifiers of the licences that our data sets have; any other one is named and linked.
LICENCES = {"CC BY-SA 3.0": "cc-by-sa-3.0", "CC BY-SA 4.0": "cc-by-sa-4.0", "MIT": "mit"}


def front_matter(checkpoint: Checkpoint, info: DataInfo) -> str:
    from huggingface_hub import ModelCardData

    # Of what somebody drew or brought there is no data set.
    sets = [part for part in data.parts(info.name) if part in (*data.names(), *data.point_names())]
    return ModelCardData(
        library_name="genlib",
        pipeline_tag=task(checkpoint),
        tags=["genlib", "pytorch", checkpoint.spec.model, *sets],
        datasets=sets or None,
        model_name=checkpoint.name,
        eval_results=list(results(checkpoint, info)) or None,
        **licence(info),
    ).to_yaml()


def licence(info: DataInfo) -> dict[str, Any]:
    """The Hub's fields for the licence of what was made from the data."""
    if info.kind == "points":  # a formula has no licence: ours remains
        return {"license": "mit"}
    if not info.licence_url:
        return {}
    if known := LICENCES.get(info.licence):
        return {"license": known}
    return {"license": "other", "license_name": info.licence, "license_link": info.licence_url}


def task(checkpoint: Checkpoint) -> str | None:
    """The Hub's word for what a model does; None: it has none for models of points."""
    cls = checkpoint.model_class
    if isinstance(checkpoint.config.space, Points):
        return None
    if issubclass(cls, Samples):
        return "unconditional-image-generation"
    if issubclass(cls, Translates):
        return "image-to-image"
    if issubclass(cls, Encodes) and not issubclass(cls, Names):
        return "image-feature-extraction"
    return "image-classification"


def results(checkpoint: Checkpoint, info: DataInfo) -> Iterator[EvalResult]:
    from huggingface_hub import EvalResult

    for measure, found in measures.found_in(checkpoint):
        for told in measure.hub(found, checkpoint):
            of = data.info(told.data) if told.data else info
            about: dict[str, Any] = {"dataset_type": of.name, "dataset_name": of.title, "dataset_split": "test"}
            yield EvalResult(
                task_type=task(checkpoint) or "other",
                metric_type=told.metric,
                metric_value=told.value,
                metric_name=told.name,
                **about,
            )
