"""Write a checkpoint's model card: README.md for people and for the Hugging Face Hub, and sample.png beside it.

Everything in a card comes from the checkpoint itself: what its model says of itself, its recipe, what `genlib eval`
measured and stored in config.json. A number that was not measured is not there.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlib import data
from genlib.checkpoint import CARD, WEIGHTS, Checkpoint
from genlib.contract import Decodes, Embeds, Encodes, Samples, Scores

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

    from genlib.data import DataInfo
    from genlib.models.base import Model

PICTURE = "sample.png"
COLUMNS = 8
PICTURE_SIDE = 512  # px, about

# The Hub's identifiers of the licences that our data sets have; any other one is named and linked.
LICENCES = {"CC BY-SA 3.0": "cc-by-sa-3.0", "CC BY-SA 4.0": "cc-by-sa-4.0", "MIT": "mit"}

# measure -> (name for people, which way is better, what it says), in the order of the card's table
QUALITY: dict[str, tuple[str, str, str]] = {
    "fid": ("FID", "lower", "how far apart samples and real pictures are, by mean and spread of their features"),
    "kid": ("KID", "lower", "how far apart they are, by comparing features pair by pair"),
    "precision": ("Precision", "higher", "the share of samples that lie among real pictures"),
    "recall": ("Recall", "higher", "the share of real pictures that lie among samples"),
    "density": ("Density", "higher", "how thickly samples lie among real pictures; 1 is as thickly as real ones do"),
    "coverage": ("Coverage", "higher", "the share of real pictures with a sample close by"),
}


def write(checkpoint: Checkpoint) -> None:
    """Write checkpoint.folder/README.md, and sample.png where the model samples.

    Raises GenlibError: weights or the data set's description missing or damaged.
    """
    from huggingface_hub import ModelCard
    from PIL import Image

    from genlib import images

    model, info = checkpoint.load(), data.info(checkpoint.spec.recipe.data)
    if isinstance(model, Samples):
        sheet = images.grid(images.to_uint8(model.sample(range(COLUMNS**2))), across=COLUMNS, gap=0)
        enlarged = images.png(sheet, images.enlargement(sheet.shape[1], PICTURE_SIDE))
        # images.png is quick; what is kept in the repository is packed as small as it gets.
        Image.open(io.BytesIO(enlarged)).save(checkpoint.folder / PICTURE, optimize=True)
    body = "\n\n".join(_body(checkpoint, model, info))
    card = ModelCard(f"---\n{_front(checkpoint, model, info)}\n---\n\n{body}\n")
    card.save(checkpoint.folder / CARD)


# --- Front matter ----------------------------------------------------------------------------------------------------


def _front(checkpoint: Checkpoint, model: Model, info: DataInfo) -> str:
    from huggingface_hub import ModelCardData

    known = LICENCES.get(info.licence)
    named: dict[str, Any] = {} if known else {"license_name": info.licence, "license_link": info.licence_url}
    results = list(_results(checkpoint, info))
    return ModelCardData(
        library_name="genlib",
        license=known or "other",
        pipeline_tag=_task(model),
        tags=["genlib", "pytorch", checkpoint.spec.model, info.name],
        datasets=[info.name],
        model_name=checkpoint.name,
        eval_results=results or None,
        **named,
    ).to_yaml()


def _task(model: Model) -> str:
    return "unconditional-image-generation" if isinstance(model, Samples) else "image-classification"


def _results(checkpoint: Checkpoint, info: DataInfo) -> Iterator[EvalResult]:
    from huggingface_hub import EvalResult

    measured: Mapping[str, Any] = checkpoint.spec.measured
    common: dict[str, Any] = {"dataset_type": info.name, "dataset_name": info.title, "dataset_split": "test"}

    def result(task: str, kind: str, value: float, name: str) -> EvalResult:
        return EvalResult(task_type=task, metric_type=kind, metric_value=value, metric_name=name, **common)

    if quality := measured.get("quality"):
        for key, (name, _, _) in QUALITY.items():
            title = f"{name} ({quality['extractor']} features)"
            yield result("unconditional-image-generation", key, quality["made"][key], title)
    if likelihood := measured.get("likelihood"):
        title = f"Log-likelihood, nats per image ({likelihood['kind']})"
        yield result("unconditional-image-generation", "log-likelihood", likelihood["nats"], title)
    for attribute, value in measured.get("accuracy", {}).items():
        yield result("image-classification", "accuracy", value, f"Accuracy ({_words(attribute)})")


# --- Text ------------------------------------------------------------------------------------------------------------


def _body(checkpoint: Checkpoint, model: Model, info: DataInfo) -> Iterator[str]:
    paper = model.paper
    yield f"# {checkpoint.name}"
    yield f"**{model.title}**, trained on {info.title}. {model.idea}"
    yield f"Paper: {paper.authors}, [{paper.title}]({paper.url}), {paper.year}."
    if isinstance(model, Samples):
        yield f"![64 samples in 8 rows]({PICTURE})"
        yield f"Seeds 0 to {COLUMNS**2 - 1} at default controls, row by row; none was chosen."
    yield "## Use"
    yield _usage(checkpoint, model)
    yield "## Measured"
    yield from _measured(checkpoint)
    yield "## Limits"
    yield "\n".join(f"- {limit}" for limit in _limits(checkpoint, model, info))
    yield "## Data and licence"
    yield f"{info.title}: {info.description}"
    yield (
        f"Credit: {info.credit} ([source]({info.source_url})). Licence of the data: "
        f"[{info.licence}]({info.licence_url}). The code is under the MIT licence; these weights and pictures were "
        "made from the data and are passed on under the terms of the data."
    )
    yield "## Training"
    yield _recipe(checkpoint, model)


def _usage(checkpoint: Checkpoint, model: Model) -> str:
    channels, height, width = model.image_shape
    shape = f"(64, {channels}, {height}, {width})"
    lines = [
        "import genlib",
        "",
        f'model = genlib.load("{checkpoint.name}")  # shipped with genlib',
        'model = genlib.load("user/repository")  # or of the same layout, from the Hugging Face Hub',
    ]
    if isinstance(model, Samples):
        lines.append(f"images = model.sample(seeds=range(64))  # float32 {shape} in [0, 1]")
    if isinstance(model, Decodes):
        lines += ["z = model.prior(seeds=range(64))  # its latents", "images = model.decode(z)"]
    if isinstance(model, Encodes):
        lines.append("z = model.encode(images)  # latents of pictures")
    if isinstance(model, Scores):
        lines.append("nats = model.log_prob(images).nats  # how likely it holds each picture to be")
    if isinstance(model, Embeds):
        lines.append(f"features = model.features(images)  # (64, D) from float32 {shape} in [0, 1]")
    return "\n".join(["```python", *lines, "```"])


def _measured(checkpoint: Checkpoint) -> Iterator[str]:
    measured: Mapping[str, Any] = checkpoint.spec.measured
    if not measured:
        yield f"Not measured yet: `python -m genlib eval {checkpoint.name}` does it."
        return
    protocol = measured["protocol"]
    if quality := measured.get("quality"):
        yield _table(
            ("", "samples", "real against real", ""),
            [
                (name, _number(quality["made"][key]), _number(quality["floor"][key]), f"{better} is better")
                for key, (name, better, _) in QUALITY.items()
            ],
        )
        yield "\n".join(f"- {name}: {gloss}." for name, _, gloss in QUALITY.values())
        extractor = quality["extractor"]
        controls = ", ".join(f"{_words(k)} {v}" for k, v in protocol["controls"].items()) or "no controls"
        yield (
            f"FID here is **FID ({extractor} features)**, and the rest likewise: computed on the features of the "
            f"classifier {extractor} of this repository. It cannot be compared with Inception FID.\n\n"
            f"Protocol: {quality['samples']:,} samples (seeds {protocol['seeds']}, {controls}, rounded to 8 bits) "
            f"against {quality['reals']:,} {quality['split']} pictures. Real against real: {quality['floor_from']} "
            "pictures in place of the samples, which is the best that a model could get. KID: mean over random "
            f"subsets; its standard deviation over them is {_number(quality['made']['kid_spread'])}. Precision, "
            f"recall, density and coverage: {quality['neighbours']} neighbours, {quality['neighbours_from']:,} "
            "pictures a side."
        )
    if classes := measured.get("classes"):
        rows = [
            (name, f"{share:.1%}", f"{classes['real_shares'][name]:.1%}") for name, share in classes["shares"].items()
        ]
        yield (
            f"What the classifier sees in the samples ({_words(classes['attribute'])}): {classes['covered']} of "
            f"{len(rows)} classes are made (at least a tenth as often as they are real); its mean probability for the "
            f"class it names is {classes['certainty']:.3f}, and {classes['real_certainty']:.3f} on test pictures."
        )
        yield _table((_words(classes["attribute"]), "samples", "test pictures"), rows)
    rows = []
    if memory := measured.get("memory"):
        what = "Distance to the nearest training picture, RMS of pixels in [0, 1], mean of "
        rows.append(
            (
                f"{what}{memory['count']:,} samples",
                _number(memory["distance"]),
                f"{_number(memory['floor'])} for test pictures",
            )
        )
    if likelihood := measured.get("likelihood"):
        kind = ": ".join(filter(None, (likelihood["kind"], likelihood.get("note"))))
        what = f"Log-likelihood ({kind}), nats per image, mean of {likelihood['count']:,} test pictures"
        bits = likelihood["bits_per_dim"]
        value = f"{_number(likelihood['nats'])} ± {_number(likelihood['error'])}"
        rows.append((what, value, "" if bits is None else f"{_number(bits)} bits per dimension"))
    if reconstruction := measured.get("reconstruction"):
        what = f"Reconstruction error, RMS of pixels in [0, 1], mean of {reconstruction['count']:,} test pictures"
        baseline = f"{_number(reconstruction['baseline'])} for the mean picture"
        rows.append((what, _number(reconstruction["rms"]), baseline))
    if rows:
        yield _table(("", "value", "to compare with"), rows)
        terms = []
        if memory or reconstruction:
            terms.append("RMS is the root mean square of the differences, pixel by pixel: 0 between equal pictures.")
        if likelihood:
            terms.append("Nats are units of the natural logarithm: higher is likelier.")
        yield " ".join(terms)
    if accuracy := measured.get("accuracy"):
        yield _table(("attribute", "accuracy"), [(_words(name), f"{value:.2%}") for name, value in accuracy.items()])
        yield f"Share of the {protocol['reals']:,} {protocol['split']} pictures that it names rightly, by attribute."
    yield f"Command: `python -m genlib eval {checkpoint.name}` (genlib {protocol['genlib']}); it repeats the numbers."


def _limits(checkpoint: Checkpoint, model: Model, info: DataInfo) -> Iterator[str]:
    """What the facts say against it."""
    measured: Mapping[str, Any] = checkpoint.spec.measured
    _, height, width = model.image_shape
    if isinstance(model, Samples):
        yield f"It makes {height} x {width} pictures like those of {info.title} and nothing else: no photo model."
    else:
        yield f"It knows {height} x {width} pictures of {info.title}; any other picture it names too, wrongly."
    if quality := measured.get("quality"):
        made, floor = quality["made"], quality["floor"]
        yield (
            f"Its FID is {made['fid'] / floor['fid']:.1f} times that of real pictures ({_number(made['fid'])} against "
            f"{_number(floor['fid'])})."
        )
        if made["precision"] < 0.95 * floor["precision"]:
            yield (
                f"{1 - made['precision']:.0%} of its samples lie outside the manifold of the test pictures "
                f"({1 - floor['precision']:.0%} of real ones do)."
            )
        if made["coverage"] < 0.95 * floor["coverage"]:
            yield (
                f"It misses variety: {made['coverage']:.0%} of the test pictures have a sample near them "
                f"({floor['coverage']:.0%} have another real picture)."
            )
    if classes := measured.get("classes"):
        missing = len(classes["shares"]) - classes["covered"]
        if missing:
            yield f"It hardly ever makes {missing} of the {len(classes['shares'])} classes."
    if (memory := measured.get("memory")) and memory["distance"] < 0.5 * memory["floor"]:
        yield "Its samples lie much nearer to training pictures than test pictures do: it may be copying them."
    if (likelihood := measured.get("likelihood")) and likelihood["kind"] != "exact":
        yield f"Its likelihood is not exact ({likelihood['kind']}): set it beside numbers of the same kind only."
    if accuracy := measured.get("accuracy"):
        worst = min(accuracy, key=accuracy.__getitem__)
        if len(accuracy) > 1:
            yield f"It is worst at {_words(worst)}: {accuracy[worst]:.1%}."
    if isinstance(model, Embeds):
        yield "Its features serve to compare models of this one data set; distances in them have no unit outside it."


def _recipe(checkpoint: Checkpoint, model: Model) -> str:
    spec = checkpoint.spec
    size = (checkpoint.folder / WEIGHTS).stat().st_size / 1e6
    rows: list[tuple[str, ...]] = [
        ("model", f"`genlib/models/{spec.model}.py`"),
        ("parameters", f"{sum(p.numel() for p in model.parameters()):,}"),
        ("weights on disk", f"{size:.2f} MB, {_precision(checkpoint.folder)}"),
        ("steps trained", f"{spec.trained_steps:,}"),
    ]
    recipe = spec.recipe.model_dump(exclude={"steps"})
    recipe["learning_rate"] = recipe["learning_rate"] or "the model's own"
    rows += [(_words(key), _setting(value)) for key, value in recipe.items() if value is not None]
    rows += [(_words(key), _setting(value)) for key, value in checkpoint.model_config.model_dump().items()]
    return _table(("", ""), rows)


def _precision(folder: Path) -> str:
    """The type of most of the numbers on disk, e.g. float16."""
    from safetensors import safe_open

    sizes: dict[str, int] = {}
    with safe_open(folder / WEIGHTS, framework="pt") as file:
        for key in file.keys():  # noqa: SIM118 (not a dict)
            part = file.get_tensor(key)
            name = str(part.dtype).removeprefix("torch.")
            sizes[name] = sizes.get(name, 0) + part.numel()
    return max(sizes, key=sizes.__getitem__)


def _setting(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_words(key)} {part}" for key, part in value.items())
    return str(value)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _number(value: float) -> str:
    """As measured, to four significant digits."""
    return f"{value:.4g}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ("---",) * len(head), *rows])
