"""What the command line does: one function a command. What a user may type is in __main__.py.

What a user can mend ends in a GenlibError of one sentence.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlib import catalog
from genlib.contract import MAX_SEED, Recipe
from genlib.errors import GenlibError

if TYPE_CHECKING:
    from tqdm import tqdm

    from genlib.experiment import Event
    from genlib.models.base import Model

RUNS = Path(".runs")
PROGRAM = "python -m genlib" if Path(sys.argv[0]).name == "__main__.py" else "genlib"


def list_(_: argparse.Namespace) -> None:
    """The checkpoints that are here."""
    from genlib import sources

    for name, checkpoint in sources.checkpoints().items():
        print(f"{name:24} {checkpoint.title}")


def data_(args: argparse.Namespace) -> None:
    """The data sets that are here, or make them from their sources."""
    from genlib import data as datasets

    if args.action == "build":
        datasets.build(args.names or None)
        return
    for name in args.names or (*datasets.names(), *datasets.point_names()):
        info = datasets.info(name)
        counts = ", ".join(f"{count:,} {split}" for split, count in info.splits.items())
        about = f"{info.space}, drawn from a formula" if info.kind == "points" else f"{counts}; {info.licence}"
        print(f"{name:14} {info.title}: {about}")


def train(args: argparse.Namespace) -> None:
    """Train a model, from where an earlier run of it stopped, and write checkpoints/NAME."""
    from tqdm import tqdm

    from genlib import card, checkpoint, devices, experiment

    recipe = {field: value for field in Recipe.model_fields if (value := getattr(args, field, None)) is not None}
    recipe = {field: value if field == "data" else _value(value) for field, value in recipe.items()}
    device = devices.named(args.device)
    task = experiment.plan(args.name, model=args.model, recipe=recipe, settings=_settings(args.set))
    state = RUNS / f"{args.name}.pt"
    for path in (state, catalog.CHECKPOINTS / args.name / checkpoint.CONFIG):
        checkpoint.check_writable(path, make_folders=True)

    bar: tqdm[Any] | None = None
    kept = 0  # the step that the run could go on from

    def emit(event: Event) -> None:
        nonlocal bar, kept
        match event:
            case experiment.Started():
                if event.step:
                    print(f"Going on from step {event.step:,}.", flush=True)
                kept = event.step
                about = f"{args.name} ({event.device}, {event.precision})"
                bar = tqdm(total=event.steps, initial=event.step, desc=about)
            case experiment.Progress() if bar is not None:
                bar.set_postfix({k: f"{v:.3g}" for k, v in event.scalars.items()}, refresh=False)
                bar.update(event.step - bar.n)
            case experiment.Stored():
                kept = event.step

    try:
        with _ctrl_c() as stop:
            trained = experiment.run(
                task, emit, stop, device=device, bfloat16=args.bfloat16, state=state, anew=args.fresh
            )
    except KeyboardInterrupt:
        rest = f"the same command goes on from step {kept:,}" if kept else "no step was kept yet"
        raise GenlibError(f"Stopped at once: {rest}.") from None
    finally:
        if bar is not None:
            bar.close()
    if trained.step < task.recipe.steps:
        raise GenlibError(
            f"Stopped after {trained.step:,} steps, which are kept in {state}: the same command goes on from there."
        )
    written = experiment.write(task, trained)
    card.write(written)
    print(f"Wrote {written.folder}; `{PROGRAM} eval {args.name}` measures it.")


def evaluate(args: argparse.Namespace) -> None:
    """Measure a checkpoint that is here and fill its card."""
    from genlib import card, checkpoint, devices
    from genlib.measures import evaluate

    found = checkpoint.shipped(args.name)
    checkpoint.check_writable(found.folder / checkpoint.CONFIG)
    measured = evaluate(found, device=devices.named(args.device))
    checkpoint.save_spec(found.folder, found.spec.model_copy(update={"measured": measured}))
    card.write(checkpoint.Checkpoint.read(found.folder))
    print(json.dumps(measured, indent=2))


def sample(args: argparse.Namespace) -> None:
    """Write one PNG of a model's pictures, or of its points."""
    from genlib import card
    from genlib.contract import Samples

    seeds = _seeds(args)
    _check_picture(args.out)
    model = _model(args)
    if not isinstance(model, Samples):
        raise GenlibError(f"{args.name} makes nothing from seeds alone: choose another model.")
    _write(args.out, card.sheet(model, seeds))


def score(args: argparse.Namespace) -> None:
    """Say how likely a model holds pictures to be: one line a picture."""
    from genlib import fitting, scoring, uploads
    from genlib.contract import Bounds, Scores
    from genlib.spaces import Pictures

    files = {path: _content(path) for path in args.pictures}  # whatever cannot be read is said before torch is there
    model = _model(args)
    if not isinstance(model, Scores):
        raise GenlibError(f"{args.name} cannot say how likely a picture is: choose a model such as fvsbn-digits.")
    space = model.config.space
    if not isinstance(space, Pictures):
        raise GenlibError(f"{args.name} knows points, and no pictures: choose a model such as fvsbn-digits.")
    if args.samples and not isinstance(model, Bounds):
        raise GenlibError(f"{args.name} draws no samples for its likelihood: leave --samples out.")
    for path, content in files.items():
        try:
            picture = uploads.read(content)
        except uploads.UploadError as error:
            raise GenlibError(f"{path}: {error}") from None
        fitted = fitting.fit(picture.pixels, space)
        answer = scoring.likelihood(model, fitted.x, args.samples)
        scoring.finite(answer.nats, args.name)
        done = ", ".join(fitted.notes) or "taken as it is"
        print(" ".join([f"{path}: {scoring.said(answer, space.shape)}; {done}.", *picture.notes]))


def complete(args: argparse.Namespace) -> None:
    """Keep half of a picture and have a model draw the rest, once for each seed."""
    from genlib import completion, fitting, sheets, uploads
    from genlib.contract import Completes

    seeds = _seeds(args)
    _check_picture(args.out)
    content = _content(args.picture)
    model = _model(args)
    if not isinstance(model, Completes):
        raise GenlibError(f"{args.name} completes nothing: choose a model such as pixelrnn-digits or rbm-digits.")
    fitted = fitting.fit(uploads.read(content).pixels, model.config.space)
    known = completion.half(model.shape[-1], args.keep)
    made = completion.complete(model, fitted.pixels, known, seeds)
    _write(args.out, sheets.png(sheets.grid(made)))


def translate(args: argparse.Namespace) -> None:
    """Bring a picture into a model's world, translate it, write it."""
    from genlib import novelty, translation, uploads
    from genlib.contract import Translates
    from genlib.sheets import png

    _check_picture(args.out)
    content = _content(args.picture)
    model = _model(args)
    if not isinstance(model, Translates):
        raise GenlibError(f"{args.name} translates nothing: choose a model such as pix2pix-sketch.")
    worlds = model.worlds(model.config)
    source = translation.source_of(worlds, args.source)
    picture = uploads.read(content)
    brought = translation.bring(picture.pixels, source, model.shape[-1])
    notes = [*picture.notes, *brought.notes]
    if source.kind == "drawing" and novelty.shading(picture.pixels) > novelty.SHADED:
        notes.append(f"This looks like a photo, and the model knows {source.title} only.")
    for note in notes:
        print(note)
    made = model.translate(brought.image, source, None if args.seed is None else [args.seed])
    _write(args.out, png(translation.finish(brought, worlds.target(source), made)[0]))


def push(args: argparse.Namespace) -> None:
    """Upload a checkpoint that is here to the Hugging Face Hub."""
    from genlib import hub

    print(hub.push(args.name, args.repo, private=args.private))


# --- What they share --------------------------------------------------------------------------------------------------


@contextmanager
def _ctrl_c() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed, so that a run ends between two steps; pressed again it ends at once."""
    pressed = False

    def press(*_: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("\nEnding between two steps; Ctrl-C again ends at once.", file=sys.stderr, flush=True)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _seeds(args: argparse.Namespace) -> range:
    """--count of them, from --seed on."""
    if args.seed + args.count - 1 > MAX_SEED:
        raise GenlibError(f"The last of the seeds would be above {MAX_SEED:,}: ask for a smaller --seed or --count.")
    return range(args.seed, args.seed + args.count)


def _model(args: argparse.Namespace) -> Model[Any, Any, Any]:
    """The model that is named: shipped, in a folder, or on the Hub."""
    from genlib import checkpoint, devices, sources

    device, folder = devices.named(args.device), Path(args.name)
    is_folder = os.sep in args.name and (folder / checkpoint.CONFIG).is_file()
    return sources.load(folder if is_folder else args.name, args.revision, device)


def _content(path: Path) -> bytes:
    """Of a file that should be a picture, no more than is taken of one."""
    from genlib import uploads

    try:
        with path.open("rb") as file:
            return file.read(uploads.MAX_BYTES + 1)
    except OSError as error:
        raise GenlibError(f"{path} cannot be read: {error.strerror}; name a picture.") from None


def _value(given: str) -> Any:
    """As JSON where it is any."""
    try:
        return json.loads(given)
    except json.JSONDecodeError:
        return given


def _settings(given: list[str]) -> dict[str, Any]:
    """--set NAME=VALUE."""
    settings = {}
    for setting in given:
        key, equals, value = setting.partition("=")
        if not key or not equals:
            raise GenlibError(f"--set takes NAME=VALUE, as in width=64, not {setting!r}.")
        settings[key] = _value(value)
    return settings


def _check_picture(path: Path) -> None:
    from genlib.checkpoint import check_writable

    check_writable(path)
    if path.suffix.lower() != ".png":
        raise GenlibError(f"{path} would be a PNG file: let its name end in .png.")


def _write(path: Path, content: bytes) -> None:
    from genlib.checkpoint import replacing

    with replacing(path) as part:
        part.write_bytes(content)
    print(f"Wrote {path}.")
