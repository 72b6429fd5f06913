"""Checkpoints: what is damaged or hostile ends in one CheckpointError with one sentence, and costs nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from genlib import GenlibError, catalog, checkpoint, sources
from genlib.checkpoint import CARD, CONFIG, MAX_BYTES, WEIGHTS, Checkpoint, CheckpointError, Spec
from genlib.contract import Normalises, Recipe
from genlib.models.gan import GAN
from genlib.nets import Constants

Edit = Callable[[Path], None]


def tinies(name: str) -> tuple[Any, ...]:
    return catalog.model_class(name).tiny()


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A sound checkpoint of a tiny model."""
    torch.manual_seed(0)
    model = GAN(GAN.tiny()[0])
    spec = Spec(model="gan", config=model.config.model_dump(), recipe=Recipe(data="digits"), trained_steps=7)
    checkpoint.save(model, tmp_path / "good", spec)
    return tmp_path / "good"


def fails(act: Callable[[], object], *about: str) -> str:
    """Run it, and look at the message of the error that it must raise."""
    with pytest.raises(CheckpointError) as caught:
        act()
    message = str(caught.value)
    assert message.endswith(".")
    assert message.isprintable(), "one line, and nothing that a terminal would obey"
    assert len(message) < 600
    for word in about:
        assert word in message
    return message


# --- What there is ---------------------------------------------------------------------------------------------------


def test_load_takes_a_folder(good: Path) -> None:
    model = sources.load(good)
    assert isinstance(model, GAN)
    assert model.sample([1]).shape == (1, 1, 8, 8)
    assert sources.find(good).spec.trained_steps == 7


def test_load_takes_a_shipped_name(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "CHECKPOINTS", good.parent)
    assert isinstance(sources.load("good"), GAN)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "../good", "../../etc", "good/", "good/../good", "/etc/passwd", "good/config.json/x"),
        *("nothing-of-the-kind", "GOOD", "good\0", "good\n", "--good", "g" * 5000, "\u0661", "[x](y)<b>"),
        *("a//b", ".a/b", "-a/b", "a/..", "http://example.org/a/b"),
    ],
)
def test_unknown_and_hostile_names(name: str, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "CHECKPOINTS", good.parent)
    fails(lambda: sources.load(name), "write it as user/name" if "/" in name else "There is no checkpoint called")


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    fails(lambda: sources.load(tmp_path / "absent"), "absent", "config.json is missing")


def test_card_is_optional_and_bounded(good: Path) -> None:
    assert Checkpoint.read(good).card() == ""
    (good / CARD).write_bytes(b"# A card \xff")
    assert Checkpoint.read(good).card() == "# A card \ufffd"
    os.truncate(good / CARD, MAX_BYTES[CARD] + 1)
    fails(Checkpoint.read(good).card, "README.md", "larger")


# --- config.json -----------------------------------------------------------------------------------------------------


def changed(**changes: Any) -> Edit:
    """config.json with other values; a dotted name goes inwards."""

    def edit(folder: Path) -> None:
        spec = json.loads((folder / CONFIG).read_text())
        for path, value in changes.items():
            *outer, last = path.split("__")
            inner = spec
            for key in outer:
                inner = inner[key]
            inner[last] = value
        (folder / CONFIG).write_text(json.dumps(spec))

    return edit


def text(content: str | bytes) -> Edit:
    return lambda folder: (
        (folder / CONFIG).write_bytes(content.encode() if isinstance(content, str) else content) and None
    )


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda f: (f / CONFIG).unlink(), id="missing"),
        pytest.param(lambda f: ((f / CONFIG).unlink(), (f / CONFIG).mkdir()), id="a folder"),
        pytest.param(lambda f: ((f / CONFIG).unlink(), (f / CONFIG).symlink_to("/dev/zero")), id="an endless device"),
        pytest.param(lambda f: ((f / CONFIG).unlink(), (f / CONFIG).symlink_to(CONFIG)), id="a link to itself"),
        pytest.param(lambda f: os.truncate(f / CONFIG, 2**40), id="a terabyte, sparse"),
        pytest.param(lambda f: os.truncate(f / CONFIG, 20), id="cut off"),
        pytest.param(text(""), id="empty"),
        pytest.param(text("not JSON"), id="not JSON"),
        pytest.param(text(b"\xff\xfe\x00"), id="not text"),
        pytest.param(text("[]"), id="a list"),
        pytest.param(text("null"), id="null"),
        pytest.param(text("[" * 60_000), id="nested lists"),
        pytest.param(text('{"config":' * 6_000), id="nested objects"),
        pytest.param(text('{"trained_steps": 1' + "0" * 60_000 + "}"), id="a number of 60,000 digits"),
        pytest.param(changed(format=1), id="another format"),
        pytest.param(changed(model="no_such_model"), id="unknown model"),
        pytest.param(changed(model="base"), id="a module that is no model"),
        pytest.param(changed(model="../gan"), id="a path as model"),
        pytest.param(changed(model="os"), id="a module of Python's"),
        pytest.param(changed(model=None), id="no model"),
        pytest.param(changed(extra=1), id="extra key"),
        pytest.param(changed(**{"ex\ntra\x1b[2J": 1}), id="extra key, hostile"),
        pytest.param(changed(**{"k" * 50_000: 1}), id="extra key, long"),
        pytest.param(changed(config=[]), id="config is a list"),
        pytest.param(changed(config__extra=1), id="extra key in config"),
        pytest.param(changed(config__latent=0), id="too small"),
        pytest.param(changed(config__latent=10**9), id="too large"),
        pytest.param(changed(config__latent=10**400), id="absurdly large"),
        pytest.param(changed(config__latent=-1), id="negative"),
        pytest.param(changed(config__latent="many"), id="text for a number"),
        pytest.param(changed(config__latent=[4]), id="a list for a number"),
        pytest.param(changed(config__latent=4.5), id="a fraction for a count"),
        pytest.param(changed(config__latent=None), id="null for a number"),
        pytest.param(changed(config__space__channels=2), id="two channels"),
        pytest.param(changed(config__space__kind="cubes"), id="unknown space"),
        pytest.param(changed(config__space={"kind": "points", "dims": 3}), id="points in space"),
        pytest.param(changed(config__space={"kind": "points", "side": 28}), id="points with a side"),
        pytest.param(changed(config__space=[]), id="space is a list"),
        pytest.param(changed(config__law="none"), id="a latent law that nothing can be drawn from"),
        pytest.param(changed(config__law="cauchy"), id="unknown latent law"),
        pytest.param(changed(config__dropout=float("nan")), id="NaN"),
        pytest.param(changed(config__dropout=float("inf")), id="infinite"),
        pytest.param(changed(config__game="win"), id="unknown choice"),
        pytest.param(changed(recipe__data="../../etc"), id="a path as data set"),
        pytest.param(changed(recipe__steps=10**12), id="too many steps"),
        pytest.param(changed(recipe={}), id="no recipe"),
        pytest.param(changed(recipe__training__extra=1), id="extra key in training"),
        pytest.param(changed(recipe__training__smoothing=2), id="smoothing beyond its bounds"),
        pytest.param(changed(recipe__training__gamma="NaN"), id="NaN as text in training"),
        pytest.param(changed(recipe__training=[]), id="training is a list"),
        pytest.param(changed(trained_steps=-1), id="trained for less than nothing"),
        pytest.param(changed(trained_steps=10**30), id="trained for longer than the world is old"),
    ],
)
def test_bad_config(edit: Edit, good: Path) -> None:
    edit(good)
    fails(lambda: sources.find(good), "good")


def test_error_names_what_is_wrong(good: Path) -> None:
    changed(config__latent=10**9)(good)
    fails(lambda: sources.find(good), "good", "latent", "512")
    changed(model="no_such_model")(good)
    fails(lambda: sources.find(good), "good", "no_such_model", "gan")


# --- model.safetensors -----------------------------------------------------------------------------------------------


def tensors(change: Callable[[dict[str, torch.Tensor]], object]) -> Edit:
    def edit(folder: Path) -> None:
        weights = load_file(folder / WEIGHTS)
        change(weights)
        save_file(weights, folder / WEIGHTS)

    return edit


def first(weights: dict[str, torch.Tensor], to: Callable[[torch.Tensor], torch.Tensor]) -> None:
    weights["generator.0.weight"] = to(weights["generator.0.weight"])


def with_header(header: object, data: bytes = b"") -> Edit:
    raw = json.dumps(header).encode()
    return lambda folder: (folder / WEIGHTS).write_bytes(struct.pack("<Q", len(raw)) + raw + data) and None


def with_one_number(value: float) -> Edit:
    return tensors(lambda w: w["generator.0.weight"].view(-1)[:1].fill_(value))


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda f: (f / WEIGHTS).unlink(), id="missing"),
        pytest.param(lambda f: ((f / WEIGHTS).unlink(), (f / WEIGHTS).mkdir()), id="a folder"),
        pytest.param(lambda f: os.truncate(f / WEIGHTS, 2**40), id="a terabyte, sparse"),
        pytest.param(
            lambda f: os.truncate(f / WEIGHTS, MAX_BYTES[WEIGHTS]), id="the largest allowed, zeros at the end"
        ),
        pytest.param(lambda f: os.truncate(f / WEIGHTS, 0), id="empty"),
        pytest.param(lambda f: os.truncate(f / WEIGHTS, 5), id="five bytes"),
        pytest.param(lambda f: os.truncate(f / WEIGHTS, 100), id="cut off in the header"),
        pytest.param(lambda f: os.truncate(f / WEIGHTS, (f / WEIGHTS).stat().st_size - 1), id="last byte cut off"),
        pytest.param(lambda f: (f / WEIGHTS).write_bytes(bytes(4096)), id="zeros"),
        pytest.param(lambda f: (f / WEIGHTS).write_bytes(b"\x80\x04\x95garbage" * 99), id="garbage"),
        pytest.param(lambda f: torch.save({"a": torch.ones(2)}, f / WEIGHTS), id="a pickle"),
        pytest.param(lambda f: (f / WEIGHTS).write_bytes(struct.pack("<Q", 2**63)), id="an endless header"),
        pytest.param(with_header([]), id="header is a list"),
        pytest.param(with_header({}), id="no tensors"),
        pytest.param(with_header({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}), id="a lie"),
        pytest.param(
            with_header({"a": {"dtype": "F32", "shape": [0] * 90_000, "data_offsets": [0, 0]}}), id="90,000 dimensions"
        ),
        pytest.param(
            with_header({"a\n\x1b[2J" + "b" * 5000: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
            id="hostile tensor name",
        ),
        pytest.param(
            with_header({"a": {"dtype": "X\n\x1b[2J" + "y" * 9000, "shape": [1], "data_offsets": [0, 4]}}, bytes(4)),
            id="hostile type name",
        ),
        pytest.param(tensors(lambda w: w.pop("generator.0.weight")), id="one tensor less"),
        pytest.param(tensors(lambda w: w.update(extra=torch.ones(1))), id="one tensor more"),
        pytest.param(tensors(lambda w: w.clear()), id="nothing"),
        pytest.param(tensors(lambda w: first(w, lambda t: t.T.contiguous())), id="transposed"),
        pytest.param(tensors(lambda w: first(w, lambda t: t.flatten())), id="flattened"),
        pytest.param(tensors(lambda w: first(w, lambda t: t.to(torch.int64))), id="integers"),
        pytest.param(tensors(lambda w: first(w, lambda t: t > 0)), id="booleans"),
        pytest.param(tensors(lambda w: first(w, lambda t: t.to(torch.float8_e4m3fn))), id="8-bit numbers"),
        pytest.param(tensors(lambda w: first(w, lambda t: t.to(torch.complex64))), id="complex numbers"),
        pytest.param(
            tensors(lambda w: w.update({"generator.1.num_batches_tracked": torch.tensor(1.5)})), id="1.5 batches"
        ),
        pytest.param(with_one_number(float("nan")), id="NaN"),
        pytest.param(with_one_number(float("inf")), id="infinite"),
        pytest.param(tensors(lambda w: first(w, lambda t: t.double() + 1e300)), id="infinite once in float32"),
    ],
)
def test_bad_weights(edit: Edit, good: Path) -> None:
    edit(good)
    found = sources.find(good)  # config.json is sound
    fails(found.load, "good", WEIGHTS)


@pytest.mark.skipif(sys.platform == "win32", reason="counts memory as POSIX does")
@pytest.mark.parametrize(("name", "at"), [(n, i) for n in catalog.model_names() for i in range(len(tinies(n)))])
def test_largest_config_costs_no_memory(name: str, at: int, good: Path) -> None:
    """Every size at its upper bound is a model of gigabytes. It is refused for its shapes, before it exists."""
    cls, config = catalog.model_class(name), tinies(name)[at]
    for field, schema in cls.Config.model_json_schema()["properties"].items():
        largest = max(schema["enum"], key=str) if "enum" in schema else schema.get("maximum")
        while schema.get("type") in ("integer", None) and largest is not None:
            try:
                config = cls.Config(**config.model_dump() | {field: largest})
                break
            except ValueError:  # not together with the others: try half
                largest = largest // 2 if isinstance(largest, int) and largest > 1 else None
    changed(model=name, config=config.model_dump(mode="json"))(good)
    size = sum(p.numel() * 4 for p in checkpoint.outline(cls, config).parameters())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    fails(lambda: sources.load(good), "does not fit")
    unit = 1 if sys.platform == "darwin" else 1024
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit
    assert grown < max(32 * 1024**2, size // 4)


def test_loading_imports_no_compiler(tmp_path: Path) -> None:
    """torch._dynamo takes seconds and 70 MB, and drawing initial weights where there is no memory imports it."""
    for name in catalog.model_names():
        cls = catalog.model_class(name)
        config = cls.tiny()[0]
        spec = Spec(model=name, config=config.model_dump(mode="json"), recipe=Recipe(data="digits"))
        checkpoint.save(cls(config), tmp_path / name, spec)
    script = """if True:
        import sys
        from pathlib import Path
        import genlib
        for folder in Path(sys.argv[1]).iterdir():
            genlib.load(folder)
        print("torch" in sys.modules, "torch._dynamo" in sys.modules)"""
    done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_a_constant_is_made_anew_and_never_read(good: Path) -> None:
    """A mask from a stranger's file could show an autoregressive model the pixels that it is to predict."""

    class Masked(Constants):
        def __init__(self) -> None:
            super().__init__()
            self.keep_constants()

        def constants(self) -> dict[str, torch.Tensor]:
            return {"mask": torch.ones(3, 3).tril(-1)}

    class WithMask(GAN):
        def __init__(self, config: Any) -> None:
            super().__init__(config)
            self.masked = Masked()

    forged = tensors(lambda w: w.update({"masked.mask": torch.ones(3, 3)}))
    found = sources.find(good)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(catalog, "model_class", lambda name: WithMask)
        model = found.load("cpu")
        assert "masked.mask" not in model.state_dict()
        assert torch.equal(model.get_buffer("masked.mask"), torch.ones(3, 3).tril(-1))
        forged(good)
        fails(lambda: found.load("cpu"), "masked.mask", "absent")


# --- Saving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG])
def test_crash_while_saving_keeps_the_old_file(name: str, good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {p.name: p.read_bytes() for p in good.iterdir()}
    old = sources.find(good)

    def half(path: Path, *args: object, **kwargs: object) -> None:
        with open(path, "wb") as file:
            file.write(b"half")
        raise OSError("No space left on device")

    if name == WEIGHTS:
        monkeypatch.setattr(Path, "write_bytes", lambda path, content: half(path))
        with pytest.raises(CheckpointError, match="No space left"):
            checkpoint.save(GAN(GAN.tiny()[0]), good, old.spec)
    else:
        monkeypatch.setattr(Path, "write_text", half)
        with pytest.raises(CheckpointError, match="No space left"):
            checkpoint.save_spec(good, old.spec)
    assert {p.name: p.read_bytes() for p in good.iterdir()} == before


def test_save_replaces(good: Path) -> None:
    spec = sources.find(good).spec
    model = GAN(GAN.tiny()[0])
    checkpoint.save(model, good, spec.model_copy(update={"trained_steps": 8}))
    assert sources.find(good).spec.trained_steps == 8
    assert torch.equal(sources.load(good).state_dict()["generator.0.weight"], model.generator[0].weight)
    assert sorted(p.name for p in good.iterdir()) == [CONFIG, WEIGHTS]


def test_buffers_stay_exact_in_half_precision(good: Path) -> None:
    """Batch norm's running variance may be far below what float16 can hold."""
    model = sources.load(good)
    model.get_buffer("generator.1.running_var").fill_(1e-9)
    checkpoint.save(model, good, sources.find(good).spec, torch.float16)
    assert load_file(good / WEIGHTS)["generator.0.weight"].dtype == torch.float16
    assert torch.equal(
        sources.load(good).get_buffer("generator.1.running_var"), model.get_buffer("generator.1.running_var")
    )


def test_checkpoint_error_is_an_expected_one() -> None:
    assert issubclass(CheckpointError, GenlibError)


@pytest.mark.parametrize("name", [n for n in catalog.model_names() if issubclass(catalog.model_class(n), Normalises)])
def test_a_partition_function_is_believed_of_shipped_models_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stranger's file that says another one would make its likelihoods whatever it likes."""
    torch.manual_seed(0)
    model: Any = catalog.model_class(name)(tinies(name)[0])
    true = dataclasses.asdict(model.partition())
    forged = true | {"below": true["below"] - 1000}
    spec = Spec(
        model=name,
        config=model.config.model_dump(),
        recipe=Recipe(data="digits"),
        measured={"partition": forged},
    )
    checkpoint.save(model, tmp_path / "mine", spec)
    stranger: Any = Checkpoint.read(tmp_path / "mine").load("cpu")
    assert stranger.partition().below == true["below"]
    monkeypatch.setattr(catalog, "CHECKPOINTS", tmp_path)
    shipped: Any = Checkpoint.read(tmp_path / "mine").load("cpu")
    assert shipped.partition().below == forged["below"]
