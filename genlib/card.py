"""Write a checkpoint's model card: README.md for people and for the Hugging Face Hub, and sample.png beside it.

Everything in a card comes from the checkpoint itself: what its model says of itself, its recipe, what `genlib eval`
measured and stored in config.json. A number that was not measured is not there.
"""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from genlib import data
from genlib.checkpoint import CARD, WEIGHTS, Checkpoint
from genlib.contract import Decodes, Embeds, Encodes, Recipe, Samples, Scores, TakesHints, Translates

if TYPE_CHECKING:
    import numpy as np
    from huggingface_hub import EvalResult

    from genlib.data import DataInfo
    from genlib.models.base import Model

PICTURE = "sample.png"
COLUMNS = 8
PICTURE_SIDE = 512  # px, about
EXAMPLES, PLACES = 16, 10  # held-out pictures of a translation, and hints for each

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
# the same for translations whose truth is known
CLOSENESS: dict[str, tuple[str, str, str]] = {
    "error": ("Error", "lower", "mean absolute difference from the truth, pixels in [0, 1]; 0 where they are equal"),
    "psnr": ("PSNR", "higher", "peak signal-to-noise ratio in decibels: 10 more is a tenth of the squared error"),
    "ssim": ("SSIM", "higher", "structural similarity, which compares small windows; 1 where they are equal"),
    "fid": ("FID", "lower", "how far apart answers and truths are as two sets, by mean and spread of their features"),
}
ASKED = {
    "typical": "ours, without a seed",
    "seeded": "ours, another seed for each picture",
    "hints 3": "ours, hints at 3 places",
    "hints 10": "ours, hints at 10 places",
}
FLOORS = {
    "input": "the input as it is",
    "mean colour": "the input in the training pictures' mean colours",
    "nearest": "the truth of the nearest training input",
}


def write(checkpoint: Checkpoint) -> None:
    """Write checkpoint.folder/README.md, and sample.png where the model samples or translates.

    Raises GenlibError: weights or the data set missing or damaged.
    """
    from huggingface_hub import ModelCard
    from PIL import Image

    from genlib import sheets

    model, info = checkpoint.load(), data.info(checkpoint.spec.recipe.data)
    if picture := _picture(model, checkpoint.spec.recipe):
        enlarged = sheets.png(picture.sheet, sheets.enlargement(picture.sheet.shape[1], PICTURE_SIDE))
        # sheets.png is quick; what is kept in the repository is packed as small as it gets.
        Image.open(io.BytesIO(enlarged)).save(checkpoint.folder / PICTURE, optimize=True)
    body = "\n\n".join(_body(checkpoint, model, info, picture))
    card = ModelCard(f"---\n{_front(checkpoint, model, info)}\n---\n\n{body}\n")
    card.save(checkpoint.folder / CARD)


# --- Front matter ----------------------------------------------------------------------------------------------------


def _front(checkpoint: Checkpoint, model: Model, info: DataInfo) -> str:
    from huggingface_hub import ModelCardData

    known = LICENCES.get(info.licence)
    sets = data.parts(info.name)
    named: dict[str, Any] = {} if known else {"license_name": info.licence, "license_link": info.licence_url}
    results = list(_results(checkpoint, info))
    return ModelCardData(
        library_name="genlib",
        license=known or "other",
        pipeline_tag=_task(model),
        tags=["genlib", "pytorch", checkpoint.spec.model, *sets],
        datasets=list(sets),
        model_name=checkpoint.name,
        eval_results=results or None,
        **named,
    ).to_yaml()


def _task(model: Model) -> str:
    if isinstance(model, Samples):
        return "unconditional-image-generation"
    return "image-to-image" if isinstance(model, Translates) else "image-classification"


def _results(checkpoint: Checkpoint, info: DataInfo) -> Iterator[EvalResult]:
    from huggingface_hub import EvalResult

    measured: Mapping[str, Any] = checkpoint.spec.measured
    common: dict[str, Any] = {"dataset_type": info.name, "dataset_name": info.title, "dataset_split": "test"}

    def result(task: str, kind: str, value: float, name: str, **other: str) -> EvalResult:
        return EvalResult(task_type=task, metric_type=kind, metric_value=value, metric_name=name, **common | other)

    if quality := measured.get("quality"):
        for key, (name, _, _) in QUALITY.items():
            title = f"{name} ({quality['extractor']} features)"
            yield result("unconditional-image-generation", key, quality["made"][key], title)
    if likelihood := measured.get("likelihood"):
        title = f"Log-likelihood, nats per image ({likelihood['kind']})"
        yield result("unconditional-image-generation", "log-likelihood", likelihood["nats"], title)
    for attribute, value in measured.get("accuracy", {}).items():
        yield result("image-classification", "accuracy", value, f"Accuracy ({_words(attribute)})")
    for part, source, found in _translations(measured):
        about = {"dataset_type": part, "dataset_name": data.info(part).title}
        way = f"{source} to {found['target']}"
        if "ours" in found:
            for asked, close in found["ours"].items():
                for key, (name, _, _) in CLOSENESS.items():
                    by = f", {found['extractor']} features" if key == "fid" else ""
                    kind = "mae" if key == "error" else key
                    yield result("image-to-image", kind, close[key], f"{name} ({way}, {ASKED[asked]}{by})", **about)
            continue
        by = f"{way}, {found['extractor']}"
        yield result("image-to-image", "mae", found["round_trip"], f"Round-trip error ({way} and back)", **about)
        yield result("image-to-image", "accuracy", found["named"], f"Taken for {found['target']} ({by})", **about)
        yield result("image-to-image", "fid", found["fid"], f"FID ({by} features)", **about)
        if drawn := found["counterparts"]:
            yield result("image-to-image", "mae", drawn["error"], f"Error from the true counterpart ({way})", **about)


# --- Picture ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Picture:
    """sheet uint8 (H, W, C), what it is, and a caption."""

    sheet: np.ndarray
    title: str
    caption: str


def _picture(model: Model, recipe: Recipe) -> _Picture | None:
    from genlib import sheets

    if isinstance(model, Samples):
        return _Picture(
            sheets.grid(sheets.to_uint8(model.sample(range(COLUMNS**2))), across=COLUMNS, gap=0),
            "64 samples in 8 rows",
            f"Seeds 0 to {COLUMNS**2 - 1} at default controls, row by row; none was chosen.",
        )
    return _examples(model, recipe) if isinstance(model, Translates) else None


def _examples(model: Translates, recipe: Recipe) -> _Picture:
    """Held-out pictures, two in a row, each beside its translations and, where it is known, the truth."""
    import numpy as np
    import torch

    from genlib import sheets
    from genlib.metrics.features import as_float, spread
    from genlib.metrics.translation import answers, held_out

    parts, sources = data.parts(recipe.data), model.sources()
    each = EXAMPLES // (len(parts) * len(sources))
    strips: list[np.ndarray] = []
    for part in parts:
        for source in sources:
            inputs, truths = model.examples(held_out(part, recipe.size), source)
            rows = spread(torch.arange(len(inputs)), each)
            inputs = inputs[rows]
            made = as_float(answers(model, inputs, source))
            cells = {"input": inputs, "ours without a seed" if model.varies() else "ours": made}
            if truths is None:
                (target,) = (name for name in sources if name != source)
                cells["back again"] = as_float(answers(model, made, target))
            else:
                if isinstance(model, TakesHints):
                    hints = model.hints_from(truths[rows], inputs, [PLACES] * each, torch.Generator().manual_seed(0))
                    cells[f"ours with hints at {PLACES} places"] = as_float(answers(model, inputs, source, hints=hints))
                cells["truth"] = truths[rows]
            channels = max(cell.shape[1] for cell in cells.values())
            strip = torch.stack([cell.expand(-1, channels, -1, -1) for cell in cells.values()], 1)
            strips.append(sheets.to_uint8(strip.flatten(0, 1)))
    pictures = np.concatenate(strips)
    halves = pictures.reshape(2, EXAMPLES // 2, len(cells), *pictures.shape[1:])  # the first half stands left
    of_part = [data.info(part).title if len(parts) > 1 else "" for part in parts]
    kinds = [
        " ".join(filter(None, (title, f"from {source}" if len(sources) > 1 else "")))
        for title in of_part
        for source in sources
    ]
    where = f" Left {' and '.join(kinds[: len(kinds) // 2])}, right {' and '.join(kinds[len(kinds) // 2 :])}."
    return _Picture(
        sheets.grid(halves.swapaxes(0, 1).reshape(pictures.shape), across=2 * len(cells)),
        f"{EXAMPLES} held-out pictures and their translations",
        f"{EXAMPLES} pictures at even distances in the test split, two in a row; none was chosen. Of each: "
        f"{', '.join(cells)}.{where if len(kinds) > 1 else ''}",
    )


# --- Text ------------------------------------------------------------------------------------------------------------


def _body(checkpoint: Checkpoint, model: Model, info: DataInfo, picture: _Picture | None) -> Iterator[str]:
    paper = model.paper
    yield f"# {checkpoint.name}"
    yield f"**{model.title}**, trained on {info.title}. {model.idea}"
    yield f"Paper: {paper.authors}, [{paper.title}]({paper.url}), {paper.year}."
    if picture:
        yield f"![{picture.title}]({PICTURE})"
        yield picture.caption
    yield "## Use"
    yield _usage(checkpoint, model)
    yield "## Measured"
    yield from _measured(checkpoint)
    yield "## Limits"
    yield "\n".join(f"- {limit}" for limit in _limits(checkpoint, model, info))
    yield "## Data and licence"
    for part in (data.info(name) for name in data.parts(info.name)):
        yield f"{part.title}: {part.description}"
        yield (
            f"Credit: {part.credit} ([source]({part.source_url})). Licence of the data: "
            f"[{part.licence}]({part.licence_url})."
        )
    yield (
        "The code is under the MIT licence; these weights and pictures were made from the data and are passed on under "
        "the terms of the data."
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
    shell = []
    if isinstance(model, Translates):
        (source, target), hinted = model.domains(), isinstance(model, TakesHints)
        if source.name not in model.sources():
            source, target = target, source
        lines[:0] = ["import torch", ""] if hinted else []
        taken, made = (f"(3, {domain.channels}, {height}, {width})" for domain in (source, target))
        lines.append(f"# images: float32 {taken} in [0, 1]; translated: {made}")
        seeds = ", seeds=[0, 1, 2]" if model.varies() else ""
        lines.append(f"translated = model.translate(images, {json.dumps(source.name)}{seeds})")
        if target.name in model.sources():
            lines.append(f"back = model.translate(translated, {json.dumps(target.name)})")
        if hinted:
            patch = ", ".join(f"{side // 2}:{side // 2 + 4}" for side in (height, width))
            red = "torch.tensor([1.0, 0.0, 0.0, 1.0])[:, None, None]"
            lines.append(f"hints = torch.zeros(3, 4, {height}, {width})  # colour, and a mask of where it is given")
            lines.append(f"hints[:, :, {patch}] = {red}  # red in the middle")
            lines.append(f"translated = model.translate_hinted(images, {json.dumps(source.name)}, hints)")
        command = f"python -m genlib translate {checkpoint.name} in.png out.png{' --seed 3' if model.varies() else ''}"
        shell = ["", "```bash", *_each_way(command, model.sources()), "```"]
    return "\n".join(["```python", *lines, "```", *shell])


def _each_way(command: str, sources: Sequence[str]) -> list[str]:
    """The command, once for each domain that it can start from."""
    if len(sources) == 1:
        return [command]
    return [f"{command} --source {shlex.quote(source)}" for source in sources]


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
    for part, source, found in _translations(measured):
        yield f"### From {source} to {found['target']}: {data.info(part).title}"
        yield from _paired(found) if "ours" in found else _unpaired(source, found)
    yield f"Command: `python -m genlib eval {checkpoint.name}` (genlib {protocol['genlib']}); it repeats the numbers."


def _translations(measured: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(part of the data, source domain, what was measured of its translations)."""
    for part, sources in measured.get("translation", {}).items():
        for source, found in sources.items():
            yield part, source, found


def _paired(found: dict[str, Any]) -> Iterator[str]:
    rows = [
        (words, *(_number(some[key][key_of]) for key_of in CLOSENESS))
        for words_of, some in ((ASKED, found["ours"]), (FLOORS, found["floors"]))
        for key, words in words_of.items()
        if key in some
    ]
    rows.append(("other real pictures", "", "", "", _number(found["fid_floor"])))
    heads = [f"{name} ({better} is better)" for name, better, _ in CLOSENESS.values()]
    yield _table(("", *heads), rows)
    yield "\n".join(f"- {name}: {gloss}." for name, _, gloss in CLOSENESS.values())
    left_out = (
        f" ({found['left_out']:,} variants of them, such as skin tones, are left out)" if found["left_out"] else ""
    )
    says = [
        f"Protocol: {found['pictures']:,} test pictures{left_out}, default controls, answers rounded to 8 bits, means "
        "over pictures. The rows below ours take no model."
    ]
    if "hints 3" in found["ours"]:
        says.append("Hints: the true colour at random places, no seed.")
    if found["diversity"] is not None:
        says.append(
            f"Two seeds' answers differ by {_number(found['diversity'])} on average (mean absolute difference)."
        )
    says.append(
        f"FID is **FID ({found['extractor']} features)** at {found['extractor_side']} pixels a side (area means of "
        "larger pictures); it cannot be compared with Inception FID, nor with one of another number of pictures. "
        f"Other real pictures: {found['floor_from']} pictures in place of the answers, which is the best that a model "
        "could get."
    )
    yield " ".join(says)


def _unpaired(source: str, found: dict[str, Any]) -> Iterator[str]:
    target, drawn, kept = found["target"], found["counterparts"], found["kept"]
    rows = [
        ("Round-trip error, there and back", _number(found["round_trip"]), ""),
        ("Mean absolute change by the translation", _number(found["change"]), ""),
        (
            f"Taken for {target} by the classifier",
            f"{found['named']:.1%}",
            f"{found['named_real']:.1%} of real {target}",
        ),
        (
            "FID, lower is better",
            _number(found["fid"]),
            f"{_number(found['fid_floor'])} for other real {target}, {_number(found['fid_unchanged'])} for the inputs",
        ),
    ]
    if kept:
        beside = f"{fmean(drawn['kept'].values()):.1%} of true counterparts" if drawn else ""
        rows.append(("Other attributes named as before", f"{fmean(kept.values()):.1%}", beside))
    if drawn:
        rows.append(
            (
                "Error from the true counterpart",
                _number(drawn["error"]),
                f"{_number(drawn['unchanged'])} for the inputs",
            )
        )
        rows.append(("Change of the pixels that should stay", _number(drawn["elsewhere"]), "0 for true counterparts"))
    yield _table(("", "ours", "to compare with"), rows)
    says = [
        f"Protocol: {found['pictures']:,} test pictures of {source}, {found['target_pictures']:,} of {target}; "
        "translations rounded to 8 bits. Errors and changes are mean absolute differences, pixels in [0, 1].",
        f"The classifier is {found['extractor']}, which names the {_words(found['attribute'])}. FID is "
        f"**FID ({found['extractor']} features)**: how far apart translations and real pictures are as two sets, by "
        "mean and spread of their features; it cannot be compared with Inception FID. Other real pictures: "
        f"{found['floor_from']} pictures in place of the translations, which is the best that a model could get.",
    ]
    if drawn:
        says.append(
            f"A true counterpart is the same picture drawn anew with the other {_words(found['attribute'])}, for "
            f"{drawn['pictures']:,} of the test pictures; training saw none. The pixels that should stay are those "
            "that picture and counterpart have in common."
        )
    yield " ".join(says)


def _limits(checkpoint: Checkpoint, model: Model, info: DataInfo) -> Iterator[str]:
    """What the facts say against it."""
    measured: Mapping[str, Any] = checkpoint.spec.measured
    _, height, width = model.image_shape
    if isinstance(model, Samples):
        yield f"It makes {height} x {width} pictures like those of {info.title} and nothing else: no photo model."
    elif isinstance(model, Translates):
        yield (
            f"It knows {height} x {width} pictures of {info.title}. What looks otherwise, a photo or a drawing in "
            "another style, is translated too, badly."
        )
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
    for _, source, found in _translations(measured):
        yield from _translation_limits(source, found)
    if accuracy := measured.get("accuracy"):
        worst = min(accuracy, key=accuracy.__getitem__)
        if len(accuracy) > 1:
            yield f"It is worst at {_words(worst)}: {accuracy[worst]:.1%}."
    if isinstance(model, Embeds):
        yield "Its features serve to compare models of this one data set; distances in them have no unit outside it."


def _translation_limits(source: str, found: dict[str, Any]) -> Iterator[str]:
    target = found["target"]
    way = f"From {source} to {target}"
    if "ours" in found:
        ours = found["ours"]["typical"]
        better = [
            f"{FLOORS[name]} ({_number(floor['error'])})"
            for name, floor in found["floors"].items()
            if floor["error"] <= ours["error"]
        ]
        if better:
            yield f"{way} its error ({_number(ours['error'])}) is no better than that of {', '.join(better)}."
        yield (
            f"{way} its FID is {ours['fid'] / found['fid_floor']:.1f} times that of other real pictures "
            f"({_number(ours['fid'])} against {_number(found['fid_floor'])})."
        )
        if found["diversity"] is None:
            yield f"{way} it has one answer for each picture: seeds change nothing."
        return
    yield f"{way} its FID is {found['fid'] / found['fid_floor']:.1f} times that of other real pictures of {target}."
    if found["named"] < 0.99 * found["named_real"]:
        yield f"The classifier does not take {1 - found['named']:.1%} of its translations for {target}."
    drawn = found["counterparts"]
    lost = {name: (drawn["kept"][name] if drawn else 1) - share for name, share in found["kept"].items()}
    if lost and (most := max(lost, key=lost.__getitem__)) and lost[most] > 0.01:
        share = found["kept"][most]
        yield f"{way} it is worst at keeping {_words(most)}: named as before in {share:.1%} of the pictures."
    if drawn and drawn["error"] >= drawn["unchanged"]:
        yield (
            f"{way} its error ({_number(drawn['error'])}) is no better than that of the picture as it is "
            f"({_number(drawn['unchanged'])})."
        )


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
