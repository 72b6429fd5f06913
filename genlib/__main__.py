"""The command line: python -m genlib list | data | train | eval | sample | translate | push."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from genlib import catalog
from genlib.contract import GenlibError, Recipe

RUNS = Path(".runs")
STORE_EVERY_S = 60


def main(argv: list[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    try:
        args.run(args)
    except GenlibError as error:
        print(f"genlib: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def list_(_: argparse.Namespace) -> None:
    for name, checkpoint in catalog.checkpoints().items():
        print(f"{name:20} {checkpoint.model_class.title}, {checkpoint.spec.recipe.data}")


def data_(args: argparse.Namespace) -> None:
    from genlib import data as datasets

    if args.action == "build":
        datasets.build(args.names or None)
        return
    for name in datasets.names():
        info = datasets.info(name)
        counts = ", ".join(f"{count:,} {split}" for split, count in info.splits.items())
        print(f"{name:10} {info.title}: {counts}; {info.licence}")


def train(args: argparse.Namespace) -> None:
    """Train NAME, from where an earlier run of it stopped, and write checkpoints/NAME."""
    from genlib import data as datasets
    from genlib.checkpoint import Checkpoint, Spec, save

    folder = catalog.CHECKPOINTS / args.name
    model_name, recipe, overrides = _plan(args, folder)

    import torch
    from tqdm import tqdm

    from genlib.training import Run

    cls = catalog.model_class(model_name)
    images = datasets.load(recipe.data, "train", size=recipe.size)
    try:
        config = cls.config_for(images.info, **{"image_size": images.pixels.shape[-1], **overrides})
    except ValidationError as error:
        raise GenlibError(f"That configuration does not work: {error.errors()[0]['msg']}.") from None
    torch.manual_seed(recipe.seed)
    run = Run(cls(config), images, recipe, args.device, args.bfloat16)
    state = RUNS / f"{args.name}.pt"
    if args.fresh:
        state.unlink(missing_ok=True)
    elif state.exists():
        run.resume(state)
        if run.step >= recipe.steps:
            raise GenlibError(f"{args.name} is trained for {run.step:,} steps: ask for more --steps, or for --fresh.")
        print(f"Going on from step {run.step:,}.")

    stored = time.monotonic()
    precision = "bfloat16" if run.bfloat16 else "float32"
    with tqdm(total=recipe.steps, initial=run.step, desc=f"{args.name} ({run.device.type}, {precision})") as bar:
        # Stored between two steps only: wherever it is interrupted, at most the last minute is lost.
        for progress in run:
            bar.set_postfix({k: f"{v:.3g}" for k, v in progress.scalars.items()}, refresh=False)
            bar.update(progress.step - bar.n)
            if time.monotonic() - stored > STORE_EVERY_S:
                run.save(state)
                stored = time.monotonic()
    run.save(state)
    spec = Spec(model=model_name, config=config.model_dump(mode="json"), recipe=recipe, trained_steps=run.step)
    save(run.averaged(), folder, spec, dtype=torch.float16)

    from genlib import card

    card.write(Checkpoint.read(folder))
    print(f"Wrote {folder}; `python -m genlib eval {args.name}` measures it.")


def _plan(args: argparse.Namespace, folder: Path) -> tuple[str, Recipe, dict[str, Any]]:
    """Model, recipe and config overrides: of the checkpoint that is there, changed by what was asked for."""
    from genlib.checkpoint import CONFIG, Checkpoint

    model, _, dataset = args.name.partition("-")
    recipe: dict[str, Any] = {"data": dataset}
    config: dict[str, Any] = {}
    if (folder / CONFIG).exists():
        spec = Checkpoint.read(folder).spec
        model, recipe, config = spec.model, spec.recipe.model_dump(), dict(spec.config)
    asked = {k: getattr(args, k) for k in Recipe.model_fields if getattr(args, k) is not None}
    for setting in args.set:
        key, equals, value = setting.partition("=")
        if not equals:
            raise GenlibError(f"--set takes NAME=VALUE, not {setting!r}.")
        try:
            config[key] = json.loads(value)
        except json.JSONDecodeError:
            config[key] = value
    try:
        return args.model or model, Recipe(**recipe | asked), config
    except ValidationError as error:
        problem = error.errors()[0]
        raise GenlibError(f"The recipe does not work: {problem['loc'][0]}: {problem['msg']}.") from None


def evaluate(args: argparse.Namespace) -> None:
    """Measure NAME and fill its card."""
    from genlib import card
    from genlib.checkpoint import find, save_spec
    from genlib.metrics.evaluate import evaluate

    checkpoint = find(args.name)
    if checkpoint.folder.parent != catalog.CHECKPOINTS:
        raise GenlibError(f"{args.name} is not in checkpoints/: only those can be measured and described.")
    measured = evaluate(checkpoint)
    save_spec(checkpoint.folder, checkpoint.spec.model_copy(update={"measured": measured}))
    card.write(find(args.name))
    print(json.dumps(measured, indent=2))


def sample(args: argparse.Namespace) -> None:
    """Write one PNG grid of NAME's pictures."""
    import genlib
    from genlib.contract import MAX_SEED, Samples
    from genlib.sheets import grid, png, to_uint8

    model = genlib.load(args.name, args.revision)
    if not isinstance(model, Samples):
        raise GenlibError(f"{args.name} makes no pictures from nothing.")
    if not (1 <= args.count <= 1000 and 0 <= args.seed <= MAX_SEED - args.count + 1):
        raise GenlibError(f"Seeds go from 0 to {MAX_SEED}, and at most 1,000 pictures go in one grid.")
    args.out.write_bytes(png(grid(to_uint8(model.sample(range(args.seed, args.seed + args.count))))))
    print(f"Wrote {args.out}.")


def translate(args: argparse.Namespace) -> None:
    """Bring a picture into NAME's world, translate it, write it."""
    import genlib
    from genlib import translation, uploads
    from genlib.contract import MAX_SEED, Translates
    from genlib.sheets import png

    if args.seed is not None and not 0 <= args.seed <= MAX_SEED:
        raise GenlibError(f"Seeds go from 0 to {MAX_SEED}.")
    model = genlib.load(args.name, args.revision)
    if not isinstance(model, Translates):
        raise GenlibError(f"{args.name} translates nothing: choose a model such as pix2pix-sketch.")
    source, target = translation.source_of(model, args.source)
    try:
        with args.picture.open("rb") as file:
            picture = uploads.read(file.read(uploads.MAX_BYTES + 1))
    except OSError as error:
        raise GenlibError(f"{args.picture} cannot be read: {error.strerror}.") from None
    brought = translation.bring(picture.pixels, source, model.image_shape[-1])
    for note in (*picture.notes, *brought.notes):
        print(note)
    made = model.translate(brought.image, source.name, None if args.seed is None else [args.seed])
    try:
        args.out.write_bytes(png(translation.finish(brought, target, made)[0]))
    except OSError as error:
        raise GenlibError(f"{args.out} cannot be written: {error.strerror}.") from None
    print(f"Wrote {args.out}.")


def push(args: argparse.Namespace) -> None:
    """Upload a shipped checkpoint to the Hugging Face Hub."""
    from genlib import hub

    print(hub.push(args.name, args.repo, private=args.private))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="genlib", description="Deep generative models, one file per model.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    command("list", list_, "The checkpoints that are here.")

    sub = command("data", data_, "The data sets that are here, or make them from their sources.")
    sub.add_argument("action", choices=["list", "build"])
    sub.add_argument("names", nargs="*", metavar="NAME")

    sub = command("train", train, "Train a model, resuming where an earlier run stopped.")
    sub.add_argument("name", help="the checkpoint; MODEL-DATA names both, as dcgan-faces does")
    sub.add_argument("--model", choices=catalog.model_names())
    sub.add_argument("--data")
    sub.add_argument("--size", type=int)
    sub.add_argument("--steps", type=int)
    sub.add_argument("--batch-size", type=int)
    sub.add_argument("--learning-rate", type=float)
    sub.add_argument("--cooldown", type=float, help="share of the steps over which the rate falls to zero at the end")
    sub.add_argument("--ema", type=float)
    sub.add_argument("--seed", type=int)
    sub.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a field of the model's config")
    sub.add_argument("--fresh", action="store_true", help="forget an unfinished run")
    sub.add_argument("--device", help="cuda, mps or cpu; by default the best there is")
    sub.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, help="by default where it is faster")

    sub = command("eval", evaluate, "Measure a checkpoint and fill its card.")
    sub.add_argument("name")

    sub = command("sample", sample, "Write a PNG grid of pictures.")
    sub.add_argument("name")
    sub.add_argument("out", type=Path)
    sub.add_argument("--seed", type=int, default=0)
    sub.add_argument("--count", type=int, default=64)
    sub.add_argument("--revision")

    sub = command("translate", translate, "Translate a picture: colour a sketch, turn blond hair black.")
    sub.add_argument("name")
    sub.add_argument("picture", type=Path, metavar="IN")
    sub.add_argument("out", type=Path, metavar="OUT")
    sub.add_argument("--seed", type=int, help="another answer for each; without one, the most typical")
    sub.add_argument("--source", metavar="DOMAIN", help="what IN shows, where a model goes both ways")
    sub.add_argument("--revision")

    sub = command("push", push, "Upload a shipped checkpoint to the Hugging Face Hub.")
    sub.add_argument("name")
    sub.add_argument("repo", help="user/name")
    sub.add_argument("--private", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
