"""The command line: genlib list | data | train | eval | sample | score | complete | translate | push.

What a user can mend ends in one sentence and exit code 2; a bug stays loud.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from genlib import __version__, catalog, commands
from genlib.commands import PROGRAM
from genlib.completion import HALVES
from genlib.contract import MAX_SEED, Recipe
from genlib.errors import GenlibError

MAX_COUNT = 1000
MAX_SAMPLES = 5000
ANY_PICTURE = "any picture: PNG, JPEG, HEIC, WebP, GIF, BMP or TIFF"


def main(argv: list[str] | None = None) -> int:
    try:
        args = _parser().parse_args(argv)
        args.run(args)
        sys.stdout.flush()
    except GenlibError as error:
        print(f"genlib: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ngenlib: Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has closed it, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


# --- What a user may type ---------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence, as everything here does."""

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ")
        raise GenlibError(f"{message[:1].upper()}{message[1:]}; `{self.prog} --help` shows how.")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not (text.removeprefix("-").isdecimal() and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"it takes a whole number from {low:,} to {high:,}, not {text!r}")
        return int(text)

    return number


EXAMPLES = {
    "data": ("data list", "data list faces", "data build", "data build emoji"),
    "train": (
        "train gan-digits",
        "train my-faces --model dcgan --data faces --steps 6000",
        "train gan-grid25 --set game=relativistic --set gamma=0.02",
    ),
    "eval": ("eval gan-digits",),
    "sample": ("sample dcgan-faces faces.png --seed 7", "sample user/name pictures.png --count 16 --revision v2"),
    "score": ("score fvsbn-digits three.png seven.png", "score vae-digits three.png --samples 5000"),
    "complete": ("complete pixelrnn-digits three.png threes.png --keep top --count 8",),
    "translate": (
        "translate pix2pix-sketch sketch.jpg coloured.png --seed 3",
        "translate discogan-hair face.png other.png --source blond",
    ),
    "push": ("push gan-digits user/name --private",),
}


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog=PROGRAM, description="Deep generative models, one file per model.")
    parser.add_argument("--version", action="version", version=f"genlib {__version__}")
    parser.epilog = f"`{PROGRAM} COMMAND --help` shows what a command takes, with examples."
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")

    def command(name: str, run: Any) -> argparse.ArgumentParser:
        examples = "".join(f"\n  {PROGRAM} {example}" for example in EXAMPLES.get(name, ()))
        sub = subparsers.add_parser(
            name,
            help=run.__doc__,
            description=run.__doc__,
            epilog=examples and f"examples:{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=run)
        return sub

    def on_device(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--device", help="cuda, mps or cpu; by default the best there is")

    def some_model(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("name", metavar="MODEL", help="a checkpoint, a folder, or user/name on the Hugging Face Hub")
        sub.add_argument("--revision", help="of the Hub's: a branch, a tag or a commit")
        on_device(sub)

    def some_seeds(sub: argparse.ArgumentParser, count: int) -> None:
        sub.add_argument(
            "--seed", type=_whole(0, MAX_SEED), default=0, metavar="S", help="the first seed; by default 0"
        )
        sub.add_argument(
            "--count",
            type=_whole(1, MAX_COUNT),
            default=count,
            metavar="N",
            help=f"1 to {MAX_COUNT:,}; by default {count}",
        )

    command("list", commands.list_)

    sub = command("data", commands.data_)
    sub.add_argument("action", choices=["list", "build"], metavar="ACTION", help="list or build")
    sub.add_argument("names", nargs="*", default=[], metavar="NAME", help="of data sets; by default all")

    sub = command("train", commands.train)
    sub.add_argument("name", metavar="NAME", help="the checkpoint; MODEL-DATA names both, as dcgan-faces does")
    sub.add_argument("--model", metavar="MODEL", help=f"one of {', '.join(catalog.model_names())}")
    for field, info in Recipe.model_fields.items():
        if field != "training":
            sub.add_argument(f"--{field.replace('_', '-')}", dest=field, metavar="VALUE", help=info.description)
    sub.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a field of the model's Config or Training"
    )
    sub.add_argument("--fresh", action="store_true", help="forget an unfinished run")
    sub.add_argument("--bfloat16", action=argparse.BooleanOptionalAction, help="by default where it is faster")
    on_device(sub)

    sub = command("eval", commands.evaluate)
    sub.add_argument("name", metavar="NAME", help="of a checkpoint that is here")
    on_device(sub)

    sub = command("sample", commands.sample)
    some_model(sub)
    sub.add_argument("out", type=Path, metavar="OUT.png")
    some_seeds(sub, 64)

    sub = command("score", commands.score)
    some_model(sub)
    sub.add_argument("pictures", type=Path, nargs="+", metavar="PICTURE", help=ANY_PICTURE)
    sub.add_argument(
        "--samples",
        type=_whole(1, MAX_SAMPLES),
        metavar="K",
        help=f"of a lower bound: importance samples, 1 to {MAX_SAMPLES:,}; more make it tighter",
    )

    sub = command("complete", commands.complete)
    some_model(sub)
    sub.add_argument("picture", type=Path, metavar="IN", help=ANY_PICTURE)
    sub.add_argument("out", type=Path, metavar="OUT.png")
    sub.add_argument("--keep", choices=HALVES, default=HALVES[0], help="the half that stays; by default the top")
    some_seeds(sub, 8)

    sub = command("translate", commands.translate)
    some_model(sub)
    sub.add_argument("picture", type=Path, metavar="IN", help=ANY_PICTURE)
    sub.add_argument("out", type=Path, metavar="OUT.png")
    sub.add_argument(
        "--seed",
        type=_whole(0, MAX_SEED),
        metavar="S",
        help="another answer for each; without one, the most typical",
    )
    sub.add_argument("--source", metavar="DOMAIN", help="what IN shows, where a model goes both ways")

    sub = command("push", commands.push)
    sub.add_argument("name", metavar="NAME", help="of a checkpoint that is here")
    sub.add_argument("repo", metavar="USER/NAME", help="the repository; made where there is none")
    sub.add_argument("--private", action="store_true", help="for you alone, where it is made")
    return parser


if __name__ == "__main__":
    sys.exit(main())
