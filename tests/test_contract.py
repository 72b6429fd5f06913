"""The contract, over every model file. No test knows a model by name: what is tested follows from what it declares."""

from __future__ import annotations

import ast
import copy
import datetime
import importlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from genlib import catalog, checkpoint, contract, taxonomy
from genlib.checkpoint import CONFIG, WEIGHTS, Spec
from genlib.contract import Batch, Recipe
from genlib.models.base import Model

NAMES = catalog.model_names()
CAPABILITIES = [c for c in vars(contract).values() if c is not Protocol and getattr(c, "_is_protocol", False)]
RECIPE = Recipe(data="digits", steps=10, batch_size=8)


def able(*capabilities: type) -> list[str]:
    """The models that have all of these."""
    return [name for name in NAMES if all(issubclass(catalog.model_class(name), c) for c in capabilities)]


def every(*capabilities: type) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", able(*capabilities))


def fresh(name: str) -> Any:
    """A tiny model with its initial weights, in training mode."""
    cls = catalog.model_class(name)
    torch.manual_seed(0)
    return cls(cls.tiny())


def a_batch(model: Model, seed: int, count: int = 8) -> Batch:
    rng = torch.Generator().manual_seed(seed)
    labels = {
        attribute: torch.randint(0, classes, (count,), generator=rng)
        for attribute, classes in getattr(model.config, "heads", {}).items()
    }
    if isinstance(attribute := getattr(model.config, "attribute", None), str):  # of two worlds that differ in it
        worlds = torch.tensor([model.config.a[0], model.config.b[0]])
        labels[attribute] = worlds[torch.arange(count) % 2]
    images, drawings = (torch.rand(count, c, *model.image_shape[1:], generator=rng) for c in (model.image_shape[0], 1))
    return Batch(images, rng, labels, drawings)


def train(model: Any, steps: int = 3, seed: int = 0) -> dict[str, Tensor]:
    """Some steps of the loop: it sets torch's own seed too, for layers such as dropout that draw from it."""
    optimizers = model.optimizers(RECIPE)
    values: dict[str, Tensor] = {}
    for step in range(seed, seed + steps):
        torch.manual_seed(step)
        values = model.train_step(a_batch(model, step), optimizers)
    return values


@cache
def _used(name: str) -> Any:
    model = fresh(name)
    if isinstance(model, contract.Trains):
        train(model, steps=30)
    return model.eval().requires_grad_(False)


def used(name: str) -> Any:
    """As loaded after some training: weights and batch norm's averages are no longer the initial ones."""
    return copy.deepcopy(_used(name))


def pictures(model: Model, count: int = 8) -> Tensor:
    return torch.rand(count, *model.image_shape, generator=torch.Generator().manual_seed(1))


def assert_same(state: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert state.keys() == other.keys()
    for key in state:
        assert state[key].dtype == other[key].dtype, key
        assert torch.equal(state[key], other[key]), key


def assert_pictures(images: Tensor, shape: tuple[int, ...]) -> None:
    assert images.shape == shape
    assert images.dtype == torch.float32
    assert images.isfinite().all()
    assert images.min() >= 0
    assert images.max() <= 1


# --- The file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_file_defines_one_model_and_says_where_it_comes_from(name: str) -> None:
    module = importlib.import_module(f"genlib.models.{name}")
    models = {
        c
        for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, Model) and c.__module__ == module.__name__
    }
    cls = catalog.model_class(name)
    assert models == {cls}
    assert cls.paper.url in (module.__doc__ or "")


@pytest.mark.parametrize("name", NAMES)
def test_words_that_introduce_it(name: str) -> None:
    cls = catalog.model_class(name)
    assert 2 < len(cls.title) <= 60
    assert 20 < len(cls.idea) <= 400
    assert cls.idea.endswith(".")
    assert cls.paper.title
    assert cls.paper.authors
    assert 1940 < cls.paper.year <= datetime.date.today().year
    assert cls.paper.url.startswith("https://")
    if issubclass(cls, contract.Samples | contract.Translates):
        assert cls.family is not None, "a generative model hangs somewhere in the family tree"
        taxonomy.rows([taxonomy.Leaf(cls.title, cls.idea, cls.family)])  # ValueError: no such branch
    else:
        assert cls.family is None


@pytest.mark.parametrize("name", NAMES)
def test_declares_what_it_can_and_can_what_it_declares(name: str) -> None:
    cls = catalog.model_class(name)
    for capability in CAPABILITIES:
        methods = capability.__abstractmethods__
        has = all(callable(getattr(cls, method, None)) for method in methods)
        declared = capability in cls.__mro__
        assert has == declared, f"{capability.__name__}: declared {declared}, methods there {has}"
        assert issubclass(cls, capability) == declared
    assert not getattr(cls, "__abstractmethods__", None)
    assert issubclass(cls, contract.Samples | contract.Embeds | contract.Translates), (
        "it does nothing a page could show"
    )


# --- Config and controls ---------------------------------------------------------------------------------------------


def unbounded(schema: dict[str, Any], where: str) -> Iterator[str]:
    """Where a JSON schema lets a value grow without end."""
    if "enum" in schema or "const" in schema or schema.get("type") in ("boolean", "null"):
        return
    if "anyOf" in schema:
        for i, option in enumerate(schema["anyOf"]):
            yield from unbounded(option, f"{where}[{i}]")
        return
    match schema.get("type"):
        case "integer" | "number":
            if not {"minimum", "exclusiveMinimum"} & schema.keys():
                yield f"{where} downwards"
            if not {"maximum", "exclusiveMaximum"} & schema.keys():
                yield f"{where} upwards"
        case "string":
            if not {"maxLength", "pattern"} & schema.keys():
                yield where
        case "array":
            if "maxItems" not in schema:
                yield where
            for item in [schema["items"]] if "items" in schema else schema.get("prefixItems", [{}]):
                yield from unbounded(item, f"{where}[]")
        case "object":
            if "maxProperties" not in schema:
                yield where
            for value in [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]:
                if value is not False and value is not None:
                    yield from unbounded(value, f"{where}{{}}")
        case _:
            yield f"{where} (anything at all)"


def settings(name: str) -> list[tuple[type, Any]]:
    """The config class and the controls class, each with an instance."""
    cls = catalog.model_class(name)
    return [(cls.Config, cls.tiny()), (cls.Controls, cls.Controls())]


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_frozen_and_closed(name: str) -> None:
    for kind, instance in settings(name):
        assert type(instance) is kind
        with pytest.raises(ValidationError):
            kind(**instance.model_dump(), nonsense=1)
        for field in kind.model_fields:
            with pytest.raises(ValidationError):
                setattr(instance, field, getattr(instance, field))


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_bounded_and_described(name: str) -> None:
    for kind, instance in settings(name):
        for field, schema in kind.model_json_schema().get("properties", {}).items():
            assert not list(unbounded(schema, field))
            assert schema.get("description"), f"{field} has no description"
            for bound, beyond in (("minimum", -1), ("maximum", 1)):
                if bound in schema:
                    with pytest.raises(ValidationError):
                        kind(**instance.model_dump() | {field: schema[bound] + beyond})
            if schema.get("type") == "number":
                with pytest.raises(ValidationError):
                    kind(**instance.model_dump() | {field: float("nan")})


@pytest.mark.parametrize("name", NAMES)
def test_settings_survive_json(name: str) -> None:
    for kind, instance in settings(name):
        assert kind.model_validate_json(instance.model_dump_json()) == instance
        assert kind.model_validate(json.loads(json.dumps(instance.model_dump()))) == instance


@pytest.mark.parametrize("name", NAMES)
def test_tiny_is_tiny(name: str) -> None:
    assert sum(p.numel() for p in fresh(name).parameters()) < 100_000


# --- Sampling --------------------------------------------------------------------------------------------------------


@every(contract.Samples)
def test_sample_gives_pictures(name: str) -> None:
    model = used(name)
    seeds = [0, 42, contract.MAX_SEED]
    assert_pictures(model.sample(seeds), (3, *model.image_shape))
    assert_pictures(model.sample(range(5), model.Controls()), (5, *model.image_shape))


@every(contract.Samples)
def test_picture_depends_on_its_seed_alone(name: str) -> None:
    model = used(name)
    seeds = [*range(100, 163), 42]
    many = model.sample(seeds)
    torch.testing.assert_close(model.sample([42])[0], many[-1], atol=1e-5, rtol=0)
    torch.testing.assert_close(model.sample(seeds[::-1]), many.flip(0), atol=1e-5, rtol=0)
    torch.testing.assert_close(model.sample([42, 42, 7])[1], many[-1], atol=1e-5, rtol=0)
    assert len(torch.unique(many.flatten(1), dim=0)) == len(seeds), "different seeds, the same picture"


@every(contract.Samples)
def test_sampling_repeats_and_leaves_no_trace(name: str) -> None:
    model = used(name)
    before, state = copy.deepcopy(model.state_dict()), torch.manual_seed(1).get_state()
    first = model.sample([3, 1, 4])
    assert torch.equal(torch.get_rng_state(), state), "sampling drew from torch's global generator"
    torch.manual_seed(2)
    assert torch.equal(model.sample([3, 1, 4]), first)
    assert_same(model.state_dict(), before)


@pytest.mark.parametrize("name", NAMES)
def test_controls_leave_the_addresss_own_names_alone(name: str) -> None:
    assert not {"model", "seed", "n", "revision", "from", "way", "example", "without", "answer"} & set(
        catalog.model_class(name).Controls.model_fields
    )


@every(contract.Samples)
def test_every_control_works_at_its_ends(name: str) -> None:
    model = used(name)
    for field, schema in model.Controls.model_json_schema().get("properties", {}).items():
        ends = schema.get("enum") or [schema[k] for k in ("minimum", "maximum") if k in schema] or [False, True]
        made = [model.sample([5, 6], model.Controls(**{field: value})) for value in ends]
        for images in made:
            assert_pictures(images, (2, *model.image_shape))
        assert not torch.equal(made[0], made[-1]), f"{field} changes nothing"


@every(contract.Samples, contract.Decodes)
def test_decoding_the_prior_is_sampling(name: str) -> None:
    model = used(name)
    z = model.prior([8, 9, 10])
    assert z.dtype == torch.float32
    assert z.ndim == 2
    assert z.isfinite().all()
    assert torch.equal(model.decode(z), model.sample([8, 9, 10]))


@every(contract.Samples, contract.Unrolls)
def test_last_step_is_the_sample(name: str) -> None:
    model = used(name)
    steps = list(model.sample_steps([8, 9]))
    for images in steps:
        assert_pictures(images, (2, *model.image_shape))
    assert torch.equal(steps[-1], model.sample([8, 9]))


# --- Reading pictures ------------------------------------------------------------------------------------------------


@every(contract.Encodes)
def test_encode_finds_a_latent_for_each_picture(name: str) -> None:
    model = used(name)
    images = pictures(model)
    z = model.encode(images)
    assert z.isfinite().all()
    assert z.shape[0] == len(images)
    torch.testing.assert_close(model.encode(images[:1]), z[:1], atol=1e-5, rtol=1e-5)
    if isinstance(model, contract.Decodes):
        assert z.shape == model.prior(range(len(images))).shape
        assert_pictures(model.decode(z), tuple(images.shape))


@every(contract.Scores)
def test_log_prob_is_nats_of_a_known_kind(name: str) -> None:
    model = used(name)
    images = pictures(model)
    answer = model.log_prob(images)
    assert answer.nats.shape == (len(images),)
    assert answer.nats.isfinite().all()
    assert answer.kind in ("exact", "lower bound", "estimate", "unnormalised")
    assert torch.equal(model.log_prob(images).nats, answer.nats), "asked again it says something else"
    alone = torch.cat([model.log_prob(image[None]).nats for image in images])
    torch.testing.assert_close(alone, answer.nats, msg="in another batch it says something else")


@every(contract.Criticises)
def test_criticism_means_what_it_says(name: str) -> None:
    model = used(name)
    answer = model.criticise(pictures(model))
    assert answer.score.shape == (8,)
    assert answer.score.isfinite().all()
    assert answer.meaning in ("probability", "critic value", "energy")
    if answer.meaning == "probability":
        assert ((answer.score >= 0) & (answer.score <= 1)).all()


@every(contract.Embeds)
def test_features_describe_each_picture_by_itself(name: str) -> None:
    model = used(name)
    images = pictures(model)
    features = model.features(images)
    assert features.ndim == 2
    assert len(features) == len(images)
    assert features.isfinite().all()
    torch.testing.assert_close(model.features(images[:1]), features[:1], atol=1e-4, rtol=1e-4)


def inputs(model: Any, source: str, count: int = 4) -> Tensor:
    """Noise in the shape of a domain's pictures."""
    (domain,) = [d for d in model.domains() if d.name == source]
    shape = (count, domain.channels, *model.image_shape[1:])
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


@every(contract.Translates)
def test_translates_from_its_sources_to_the_other_domain(name: str) -> None:
    model = used(name)
    domains = {d.name: d for d in model.domains()}
    assert len(domains) == 2
    assert 1 <= len(set(model.sources())) == len(model.sources())
    assert set(model.sources()) <= set(domains)
    for source in model.sources():
        (other,) = (d for d in domains.values() if d.name != source)
        images = inputs(model, source)
        assert_pictures(model.translate(images, source), (4, other.channels, *model.image_shape[1:]))
        many = model.translate(images, source, seeds=[5, 6, 7, 8])
        assert torch.equal(model.translate(images, source, seeds=[5, 6, 7, 8]), many), "asked again it says otherwise"
        assert model.varies() != torch.equal(model.translate(images, source, seeds=[1, 2, 3, 4]), many)
        alone = model.translate(images[3:], source, seeds=[8])
        torch.testing.assert_close(alone, many[3:], atol=1e-5, rtol=0)
        assert not torch.equal(model.translate(images.flip(0), source, seeds=[5, 6, 7, 8]), many), (
            "it ignores its input"
        )
        for field, schema in model.Controls.model_json_schema().get("properties", {}).items():
            ends = [model.Controls(**{field: schema[k]}) for k in ("minimum", "maximum")]
            low, high = (model.translate(images, source, [5, 6, 7, 8], controls) for controls in ends)
            assert not torch.equal(low, high), f"{field} changes nothing"
    with pytest.raises(contract.GenlibError, match="nowhere"):
        model.translate(inputs(model, model.sources()[0]), "nowhere")


@every(contract.TakesHints)
def test_hints_count_and_none_is_no_hint(name: str) -> None:
    model = used(name)
    (source,) = model.sources()
    images = inputs(model, source)
    truths = torch.rand(4, 3, *images.shape[2:], generator=torch.Generator().manual_seed(2))
    hints = model.hints_from(truths, images.clamp(min=0.6), [0, 1, 3, 20], torch.Generator().manual_seed(3))
    assert_pictures(hints, (4, 4, *images.shape[2:]))
    colour, mask = hints[:, :3], hints[:, 3:]
    assert set(mask.unique().tolist()) == {0, 1}
    assert not hints[0].any()
    assert (mask.sum((1, 2, 3)).diff() > 0).all(), "more hints, and no more places"
    assert torch.equal(colour * mask, colour), "a colour where there is no hint"
    plain = model.translate(images, source, [1, 2, 3, 4])
    hinted = model.translate_hinted(images, source, hints, [1, 2, 3, 4])
    torch.testing.assert_close(hinted[0], plain[0], atol=1e-5, rtol=0)
    assert not torch.allclose(hinted[3], plain[3], atol=1e-3), "hints change nothing"


# --- Training --------------------------------------------------------------------------------------------------------


@every(contract.Trains)
def test_each_parameter_has_one_optimizer(name: str) -> None:
    model = fresh(name)
    held = [p for o in model.optimizers(RECIPE).values() for group in o.param_groups for p in group["params"]]
    assert len(held) == len(set(held)), "two optimisers share a parameter"
    assert set(held) == {p for p in model.parameters() if p.requires_grad}


@every(contract.Trains)
def test_training_changes_every_parameter(name: str) -> None:
    model = fresh(name)
    before = copy.deepcopy(dict(model.named_parameters()))
    flags = {key: p.requires_grad for key, p in model.named_parameters()}
    train(model)
    assert {key: p.requires_grad for key, p in model.named_parameters()} == flags
    assert model.training
    for key, p in model.named_parameters():
        assert p.isfinite().all(), key
        assert not p.requires_grad or not torch.equal(p, before[key]), f"{key} was not trained"


@every(contract.Trains)
def test_train_step_returns_detached_scalars(name: str) -> None:
    values = train(fresh(name), steps=1)
    assert values
    for key, value in values.items():
        assert isinstance(key, str)
        assert value.ndim == 0
        assert not value.requires_grad
        assert value.isfinite()


@every(contract.Trains)
def test_same_seed_gives_the_same_weights(name: str) -> None:
    one, other = fresh(name), fresh(name)
    train(one)
    train(other)
    assert_same(one.state_dict(), other.state_dict())
    train(other, steps=1, seed=9)
    assert any(not torch.equal(v, one.state_dict()[k]) for k, v in other.state_dict().items())


@every(contract.Trains)
def test_gradients_of_an_earlier_step_do_not_leak(name: str) -> None:
    clean, dirty = fresh(name), fresh(name)
    for p in dirty.parameters():
        p.grad = torch.ones_like(p)
    train(clean, steps=2)
    train(dirty, steps=2)
    assert_same(clean.state_dict(), dirty.state_dict())


@every(contract.Trains)
def test_trains_in_bfloat16(name: str) -> None:
    model = fresh(name)
    before = copy.deepcopy(model.state_dict())
    with torch.autocast("cpu", torch.bfloat16):
        values = train(model)
    assert all(value.isfinite() for value in values.values())
    assert all(v.isfinite().all() and v.dtype == before[k].dtype for k, v in model.state_dict().items())
    assert any(not torch.equal(p, before[k]) for k, p in model.named_parameters())


# --- Checkpoints -----------------------------------------------------------------------------------------------------


def a_spec(name: str, model: Model) -> Spec:
    return Spec(model=name, config=model.config.model_dump(mode="json"), recipe=RECIPE, trained_steps=3)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=["nchw", "channels_last"])
def test_save_and_load_is_exact(name: str, layout: torch.memory_format, tmp_path: Path) -> None:
    model = used(name)
    checkpoint.save(copy.deepcopy(model).to(memory_format=layout), tmp_path, a_spec(name, model))
    loaded = checkpoint.load(tmp_path)
    assert type(loaded) is type(model)
    assert loaded.config == model.config
    assert not any(m.training for m in loaded.modules())
    assert not any(p.requires_grad for p in loaded.parameters())
    assert all(t.device.type == "cpu" for t in [*loaded.parameters(), *loaded.buffers()])
    assert_same(loaded.state_dict(), model.state_dict())
    if isinstance(model, contract.Samples) and isinstance(loaded, contract.Samples):
        assert torch.equal(loaded.sample([1, 2]), model.sample([1, 2]))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_on_disk_loses_once(name: str, dtype: torch.dtype, tmp_path: Path) -> None:
    model = used(name)
    once, twice = tmp_path / "once", tmp_path / "twice"
    checkpoint.save(model, once, a_spec(name, model), dtype)
    loaded: Any = checkpoint.load(once)
    checkpoint.save(loaded, twice, a_spec(name, model), dtype)
    assert (once / WEIGHTS).read_bytes() == (twice / WEIGHTS).read_bytes()
    assert (once / CONFIG).read_bytes() == (twice / CONFIG).read_bytes()
    for key, p in loaded.named_parameters():
        assert p.dtype == torch.float32
        torch.testing.assert_close(p, model.get_parameter(key), rtol=1e-2, atol=1e-4)


# --- The library -----------------------------------------------------------------------------------------------------


def test_only_the_ui_imports_streamlit() -> None:
    library = Path(contract.__file__).parent
    guilty = set()
    for path in library.rglob("*.py"):
        if path.is_relative_to(library / "ui"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules = [node.module]
            if any(m.split(".")[0] == "streamlit" or m.startswith("genlib.ui") for m in modules):
                guilty.add(str(path.relative_to(library)))
    assert not guilty
