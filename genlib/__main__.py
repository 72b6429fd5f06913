"""The command line: python -m genlib list | data | train | eval | sample | translate | push.

What a user can mend ends in one sentence and exit code 2; a bug stays loud.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlib import catalog
from genlib.errors import GenlibError

if TYPE_CHECKING:
    from genlib.experiment import Event

RUNS = Path(".runs")
MAX_COUNT = 1000


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    try:
        args.run(args)
    except GenlibError as error:
        print(f"genlib: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def list_(_: argparse.Namespace) -> None:
    """The checkpoints that are here."""
    from genlib import sources

    for name, checkpoint in sources.checkpoints().items():
        print(f"{name:24} {checkpoint.model_class.title}, {checkpoint.spec.recipe.data}")


def data_(args: argparse.Namespace) -> None:
    """The data sets that are here, or make them from their sources."""
    from genlib import data as datasets

    if args.action == "build":
        datasets.build(args.names or None)
        return
    for name in datasets.names():
        info = datasets.info(name)
        counts = ", ".join(f"{count:,} {split}" for split, count in info.splits.items())
        print(f"{name:14} {info.title}: {counts}; {info.licence}")
    for name in datasets.point_names():
        info = datasets.info(name)
        print(f"{name:14} {info.title}: {info.space}, drawn from a formula")


def train(args: argparse.Namespace) -> None:
    """Train a model, from where an earlier run of it stopped, and write checkpoints/NAME."""
    from tqdm import tqdm

    from genlib import card, devices, experiment
    from genlib.contract import Recipe

    recipe = {field: getattr(args, field) for field in Recipe.model_fields if getattr(args, field, None) is not None}
    device = devices.named(args.device)
    task = experiment.plan(args.name, model=args.model, recipe=recipe, settings=_settings(args.set))
    state = RUNS / f"{args.name}.pt"
    if args.fresh:
        state.unlink(missing_ok=True)

    bar = tqdm(total=task.recipe.steps, desc=args.name)

    def emit(event: Event) -> None:
        match event:
            case experiment.Started():
                bar.set_description(f"{args.name} ({event.device}, {event.precision})")
                if event.step:
                    bar.write(f"Going on from step {event.step:,}.", file=sys.stdout)
                    sys.stdout.flush()
                bar.update(event.step - bar.n)
            case experiment.Progress():
                bar.set_postfix({k: f"{v:.3g}" for k, v in event.scalars.items()}, refresh=False)
                bar.update(event.step - bar.n)

    with bar:
        stop = _stopped_by_ctrl_c()
        trained = experiment.run(task, emit, stop, device=device, bfloat16=args.bfloat16, state=state)
    if trained.step < task.recipe.steps:
        raise GenlibError(f"Stopped after {trained.step:,} steps, which are kept: the same command goes on from there.")
    checkpoint = experiment.write(task, trained)
    card.write(checkpoint)
    print(f"Wrote {checkpoint.folder}; `python -m genlib eval {args.name}` measures it.")


def _stopped_by_ctrl_c() -> Callable[[], bool]:
    """Whether Ctrl-C was pressed, so that a run ends between two steps; pressed again it ends at once."""
    pressed = False

    def press(*_: object) -> None:
        nonlocal pressed
        pressed = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, press)
    return lambda: pressed


def _settings(given: list[str]) -> dict[str, Any]:
    """--set NAME=VALUE, the value as JSON where it is any."""
    settings = {}
    for setting in given:
        key, equals, value = setting.partition("=")
        if not equals:
            raise GenlibError(f"--set takes NAME=VALUE, not {setting!r}.")
        try:
            settings[key] = json.loads(value)
        except json.JSONDecodeError:
            settings[key] = value
    return settings


def evaluate(args: argparse.Namespace) -> None:
    """Measure a checkpoint and fill its card."""
    from genlib import card, devices
    from genlib.checkpoint import Checkpoint, save_spec, shipped
    from genlib.measures import evaluate

    checkpoint = shipped(args.name)
    measured = evaluate(checkpoint, device=devices.named(args.device))
    save_spec(checkpoint.folder, checkpoint.spec.model_copy(update={"measured": measured}))
    card.write(Checkpoint.read(checkpoint.folder))
    print(json.dumps(measured, indent=2))


def sample(args: argparse.Namespace) -> None:
    """Write one PNG of a model's pictures, or of its points."""
    from genlib import card, devices, sources
    from genlib.contract import MAX_SEED, Samples

    model = sources.load(args.name, args.revision, devices.named(args.device))
    if not isinstance(model, Samples):
        raise GenlibError(f"{args.name} makes nothing from seeds alone: choose another model.")
    if not (1 <= args.count <= MAX_COUNT and 0 <= args.seed <= MAX_SEED - args.count + 1):
        raise GenlibError(f"Seeds go from 0 to {MAX_SEED}, and at most {MAX_COUNT:,} samples go in one picture.")
    _write(args.out, card.sheet(model, range(args.seed, args.seed + args.count)))


def translate(args: argparse.Namespace) -> None:
    """Bring a picture into a model's world, translate it, write it."""
    from genlib import devices, sources, translation, uploads
    from genlib.contract import MAX_SEED, Translates
    from genlib.sheets import png

    if args.seed is not None and not 0 <= args.seed <= MAX_SEED:
        raise GenlibError(f"Seeds go from 0 to {MAX_SEED}.")
    model = sources.load(args.name, args.revision, devices.named(args.device))
    if not isinstance(model, Translates):
        raise GenlibError(f"{args.name} translates nothing: choose a model such as pix2pix-sketch.")
    worlds = model.worlds(model.config)
    source = translation.source_of(worlds, args.source)
    try:
        with args.picture.open("rb") as file:
            picture = uploads.read(file.read(uploads.MAX_BYTES + 1))
    except OSError as error:
        raise GenlibError(f"{args.picture} cannot be read: {error.strerror}.") from None
    brought = translation.bring(picture.pixels, source, model.shape[-1])
    for note in (*picture.notes, *brought.notes):
        print(note)
    made = model.translate(brought.image, source, None if args.seed is None else [args.seed])
    _write(args.out, png(translation.finish(brought, worlds.target(source), made)[0]))


def push(args: argparse.Namespace) -> None:
    """Upload a shipped checkpoint to the Hugging Face Hub."""
    from genlib import hub

    print(hub.push(args.name, args.repo, private=args.private))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise GenlibError(f"{path} cannot be written: {error.strerror}.") from None
    print(f"Wrote {path}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="genlib", description="Deep generative models, one file per model.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        sub.set_defaults(run=run)
        return sub

    def on_device(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--device", help="cuda, mps or cpu; by default the best there is")

    command("list", list_)

    sub = command("data", data_)
    sub.add_argument("action", choices=["list", "build"])
    sub.add_argument("names", nargs="*", metavar="NAME")

    sub = command("train", train)
    sub.add_argument("name", help="the checkpoint; MODEL-DATA names both, as dcgan-faces does")
    sub.add_argument("--model", choices=catalog.model_names())
    sub.add_argument("--data")
    sub.add_argument("--size", type=int, help="side of the pictures, where a data set has several")
    sub.add_argument("--steps", type=int)
    sub.add_argument("--batch-size", type=int)
    sub.add_argument("--warmup", type=float, help="share of the steps over which the learning rates rise")
    sub.add_argument("--cooldown", type=float, help="share of the steps, at the end, over which they fall to zero")
    sub.add_argument("--fall", choices=["linear", "cosine"], help="the shape of the cooldown")
    sub.add_argument("--ema", type=float, help="decay of the averaged weights")
    sub.add_argument("--seed", type=int)
    sub.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a field of the model's Config or Training"
    )
    sub.add_argument("--fresh", action="store_true", help="forget an unfinished run")
    sub.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, help="by default where it is faster")
    on_device(sub)

    sub = command("eval", evaluate)
    sub.add_argument("name")
    on_device(sub)

    sub = command("sample", sample)
    sub.add_argument("name")
    sub.add_argument("out", type=Path)
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--count", type=int, default=64)
    sub.add_argument("--revision")
    on_device(sub)

    sub = command("translate", translate)
    sub.add_argument("name")
    sub.add_argument("picture", type=Path, metavar="IN")
    sub.add_argument("out", type=Path, metavar="OUT")
    sub.add_argument("--seed", type=int, help="another answer for each; without one, the most typical")
    sub.add_argument("--source", metavar="DOMAIN", help="what IN shows, where a model goes both ways")
    sub.add_argument("--revision")
    on_device(sub)

    sub = command("push", push)
    sub.add_argument("name")
    sub.add_argument("repo", help="user/name")
    sub.add_argument("--private", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
