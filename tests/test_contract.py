"""The contract, over every model file. No test knows a model by name: what is tested follows from what it declares."""

from __future__ import annotations

import ast
import copy
import datetime
import importlib
import json
import math
import random
import re
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Protocol, get_args

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from genlib import cancel, catalog, checkpoint, contract, data, taxonomy, training
from genlib.checkpoint import CONFIG, WEIGHTS, Checkpoint, Spec
from genlib.contract import Batch, Config, Controls, Domain, Recipe, Training
from genlib.errors import GenlibError, problem
from genlib.models.base import Model
from genlib.nets import Constants
from genlib.spaces import Pictures, Points
from genlib.ui.pages import reserved_names

AnyModel = Model[Any, Any, Any]

NAMES = catalog.model_names()
CAPABILITIES = [c for c in vars(contract).values() if c is not Protocol and getattr(c, "_is_protocol", False)]
STEPS = 30


def the(name: str) -> Any:
    return catalog.model_class(name)


def able(*capabilities: type) -> list[str]:
    """The models that have all of these."""
    return [name for name in NAMES if all(issubclass(the(name), c) for c in capabilities)]


def every(*capabilities: type) -> pytest.MarkDecorator:
    """Over the models that have all of these, each with each of its tiny configs."""
    cases = [
        pytest.param(name, config, id=f"{name}-{config.space.kind}")
        for name in able(*capabilities)
        for config in the(name).tiny()
    ]
    return pytest.mark.parametrize(("name", "config"), cases)


def fresh(name: str, config: Config) -> Any:
    """A tiny model with its initial weights, in training mode."""
    return training.fresh(the(name), config, seed=0)


def draw(space: Pictures | Points, count: int, rng: torch.Generator) -> Tensor:
    """Noise in the shape of a space."""
    return (torch.rand if isinstance(space, Pictures) else torch.randn)(count, *space.shape, generator=rng)


def a_batch(model: AnyModel, step: int, count: int = 8) -> Batch:
    """As the loop would make it at `step`, with what the model says that it needs."""
    space, needs = model.config.space, type(model).needs(model.config)
    rows, noise = (torch.Generator().manual_seed(seed) for seed in (1_000 + step, step))

    def another() -> Batch:
        labels = {attribute: (torch.arange(count) + step) % classes for attribute, classes in needs.labels.items()}
        drawings = torch.rand(count, 1, *space.shape[1:], generator=rows) if needs.paired else None
        return Batch(draw(space, count, rows), noise, step, STEPS, labels, drawings, another)

    return another()


def train(model: Any, steps: int = 3, first: int = 0, **settings: Any) -> dict[str, Tensor]:
    """Some steps of the loop, from step `first` on."""
    how = model.Training(**settings)
    optimizers = model.optimizers(how)
    values: dict[str, Tensor] = {}
    for step in range(first, first + steps):
        values = model.train_step(a_batch(model, step), optimizers, how)
    return values


_trained: dict[tuple[str, str], Any] = {}


def used(name: str, config: Config) -> Any:
    """As loaded after some training: weights and batch norm's averages are no longer the initial ones."""
    key = (name, config.model_dump_json())
    if key not in _trained:
        model = fresh(name, config)
        if isinstance(model, contract.Trains):
            train(model, steps=STEPS)
        _trained[key] = model.eval().requires_grad_(False)
    return copy.deepcopy(_trained[key])


def examples(model: AnyModel, count: int = 8) -> Tensor:
    """x (B, *shape) that the model has not seen."""
    return draw(model.config.space, count, torch.Generator().manual_seed(1))


def assert_same(state: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> None:
    assert state.keys() == other.keys()
    for key in state:
        assert state[key].dtype == other[key].dtype, key
        assert torch.equal(state[key], other[key]), key


def assert_x(x: Tensor, space: Pictures | Points, *shape: int) -> None:
    assert x.shape == shape
    assert x.dtype == torch.float32
    assert x.isfinite().all()
    if isinstance(space, Pictures):
        assert x.min() >= 0
        assert x.max() <= 1


def assert_pictures(x: Tensor, *shape: int) -> None:
    assert_x(x, Pictures(), *shape)


@contextmanager
def global_generators_untouched() -> Iterator[None]:
    """Torch's, numpy's and Python's own generators are nobody's: whoever draws from them disturbs the others."""

    def states() -> list[Any]:
        return [torch.get_rng_state().tolist(), np.random.get_state()[1].tolist(), random.getstate()]  # type: ignore[index]

    before = states()
    yield
    assert states() == before, "something drew from a generator of the process"


# --- The file --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_file_defines_one_model_and_says_where_it_comes_from(name: str) -> None:
    module = importlib.import_module(f"genlib.models.{name}")
    models = {
        c
        for c in vars(module).values()
        if isinstance(c, type) and issubclass(c, Model) and c.__module__ == module.__name__
    }
    cls = the(name)
    assert models == {cls}
    assert cls.paper.url in (module.__doc__ or "")


@pytest.mark.parametrize("name", NAMES)
def test_words_that_introduce_it(name: str) -> None:
    cls = the(name)
    assert 2 < len(cls.title) <= 60
    assert 20 < len(cls.idea) <= 400
    assert cls.idea.endswith(".")
    assert cls.paper.title
    assert cls.paper.authors
    assert 1940 < cls.paper.year <= datetime.date.today().year
    assert cls.paper.url.startswith("https://")
    if issubclass(cls, contract.Samples | contract.Translates | contract.Decodes):
        assert cls.family is not None, "a generative model hangs somewhere in the family tree"
        taxonomy.rows([taxonomy.Leaf(cls.title, cls.idea, cls.family)])  # ValueError: no such branch
    else:
        assert cls.family is None


@pytest.mark.parametrize("name", NAMES)
def test_its_source_says_what_its_class_says(name: str) -> None:
    """The catalogue reads the file without running it."""
    cls, about = the(name), catalog.about(name)
    for word in ("title", "idea", "paper", "family", "aside"):
        assert getattr(about, word) == getattr(cls, word), word
    assert about.capabilities == {c.__name__ for c in CAPABILITIES if issubclass(cls, c)}


@pytest.mark.parametrize("name", NAMES)
def test_declares_what_it_can_and_can_what_it_declares(name: str) -> None:
    cls = the(name)
    for capability in CAPABILITIES:
        methods = capability.__abstractmethods__
        has = all(callable(getattr(cls, method, None)) for method in methods)
        declared = capability in cls.__mro__
        assert has == declared, f"{capability.__name__}: declared {declared}, methods there {has}"
        assert issubclass(cls, capability) == declared
    assert not getattr(cls, "__abstractmethods__", None)
    assert issubclass(cls, contract.Samples | contract.Decodes | contract.Embeds | contract.Translates), (
        "it does nothing a page could show"
    )


# --- Config, training and controls -----------------------------------------------------------------------------------


def unbounded(schema: dict[str, Any], where: str, defs: dict[str, Any]) -> Iterator[str]:
    """Where a JSON schema lets a value grow without end."""
    if "$ref" in schema:
        yield from unbounded(defs[schema["$ref"].rpartition("/")[2]], where, defs)
        return
    if "enum" in schema or "const" in schema or schema.get("type") in ("boolean", "null"):
        return
    if options := schema.get("anyOf") or schema.get("oneOf"):
        for i, option in enumerate(options):
            yield from unbounded(option, f"{where}[{i}]", defs)
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
                yield from unbounded(item, f"{where}[]", defs)
        case "object" if "properties" in schema:
            if schema.get("additionalProperties") is not False:
                yield f"{where} by other fields"
            for field, value in schema["properties"].items():
                yield from unbounded(value, f"{where}.{field}", defs)
        case "object":
            if "maxProperties" not in schema:
                yield where
            for value in [schema.get("additionalProperties"), *schema.get("patternProperties", {}).values()]:
                if value is not False and value is not None:
                    yield from unbounded(value, f"{where}{{}}", defs)
        case _:
            yield f"{where} (anything at all)"


def settings(name: str) -> list[tuple[type[Any], Any]]:
    """The schemas of a model, each with an instance."""
    cls = the(name)
    return [(cls.Training, cls.Training()), (cls.Controls, cls.Controls()), *((cls.Config, c) for c in cls.tiny())]


def ends(kind: type[Config | Training | Controls], cap: int | None = None) -> Iterator[tuple[str, list[Any]]]:
    """The fields that can be turned, each with its lowest and its highest value, whole numbers at most `cap`."""
    for field, schema in kind.model_json_schema().get("properties", {}).items():
        match schema.get("type"):
            case "integer":
                yield field, [schema["minimum"], min(schema["maximum"], cap or schema["maximum"])]
            case "number":
                low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1e-6)
                yield field, [low, schema.get("maximum", schema.get("exclusiveMaximum", 0) - 1e-6)]
            case "boolean":
                yield field, [False, True]
            case "string" if "enum" in schema:
                yield field, schema["enum"]


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_of_the_contracts_kinds(name: str) -> None:
    cls = the(name)
    for kind, base in ((cls.Config, Config), (cls.Training, Training), (cls.Controls, Controls)):
        assert issubclass(kind, base)
    assert not cls.Config.model_fields.keys() & cls.Training.model_fields.keys(), "one name for two settings"
    assert cls.follows <= cls.Config.model_fields.keys()
    assert "space" in cls.follows
    Recipe(data="digits", **cls.recipe)  # ValidationError: not what a recipe can say


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
        whole = kind.model_json_schema()
        for field, schema in whole.get("properties", {}).items():
            assert not list(unbounded(schema, field, whole.get("$defs", {})))
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
def test_controls_leave_the_addresss_own_names_alone(name: str) -> None:
    assert not reserved_names() & set(the(name).Controls.model_fields)


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_tiny_config_for_each_kind_of_space(name: str) -> None:
    cls = the(name)
    kinds = [type(config.space) for config in cls.tiny()]
    assert len(kinds) == len(set(kinds))
    assert set(kinds) == set(cls.Config.spaces())
    for config in cls.tiny():
        assert sum(p.numel() for p in fresh(name, config).parameters()) < 100_000


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dataset", [*data.names(), *data.point_names()])
def test_config_follows_a_data_set_or_says_why_not(name: str, dataset: str) -> None:
    cls, info = the(name), data.info(dataset)
    config = refusal = None
    try:
        config = cls.config_for(info)
    except GenlibError as error:
        refusal = str(error)
    except ValidationError as error:
        refusal = problem(error)
    if config is None:
        assert refusal
    else:
        assert type(config) is cls.Config
        assert config.space == info.space
        assert type(info.space) in cls.Config.spaces()


@every()
def test_what_follows_from_the_config_needs_no_weights(name: str, config: Config) -> None:
    cls = the(name)
    needs = cls.needs(config)
    assert all(re.fullmatch("[a-z_]+", attribute) and classes >= 1 for attribute, classes in needs.labels.items())
    assert not needs.paired or isinstance(config.space, Pictures)
    model = fresh(name, config)
    assert model.config is config
    assert model.shape == config.space.shape
    assert cls.unaveraged <= {key for key, _ in model.named_buffers()}


# --- Sampling --------------------------------------------------------------------------------------------------------


@every(contract.Samples)
def test_sample_gives_x(name: str, config: Config) -> None:
    model = used(name, config)
    assert_x(model.sample([0, 42, contract.MAX_SEED]), config.space, 3, *model.shape)
    assert_x(model.sample(range(5), model.Controls()), config.space, 5, *model.shape)


@every(contract.Samples)
def test_x_depends_on_its_seed_alone(name: str, config: Config) -> None:
    model = used(name, config)
    seeds = [*range(100, 163), 42]
    many = model.sample(seeds)
    torch.testing.assert_close(model.sample([42])[0], many[-1], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(model.sample(seeds[::-1]), many.flip(0), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(model.sample([42, 42, 7])[1], many[-1], atol=1e-5, rtol=1e-5)
    assert len(torch.unique(many.flatten(1), dim=0)) == len(seeds), "different seeds, the same x"


@every(contract.Samples)
def test_sampling_repeats_and_leaves_no_trace(name: str, config: Config) -> None:
    model = used(name, config)
    before = copy.deepcopy(model.state_dict())
    with global_generators_untouched():
        first = model.sample([3, 1, 4])
    torch.manual_seed(2)
    assert torch.equal(model.sample([3, 1, 4]), first)
    assert_same(model.state_dict(), before)


@every(contract.Samples)
def test_every_control_works_at_its_ends(name: str, config: Config) -> None:
    model = used(name, config)
    for field, values in ends(model.Controls):
        made = [model.sample([5, 6], model.Controls(**{field: value})) for value in values]
        for x in made:
            assert_x(x, config.space, 2, *model.shape)
        assert not torch.equal(made[0], made[-1]), f"{field} changes nothing"


@every(contract.Samples, contract.HasPrior, contract.Decodes)
def test_decoding_the_prior_is_sampling(name: str, config: Config) -> None:
    model = used(name, config)
    z = model.prior([8, 9, 10])
    assert torch.equal(model.decode(z), model.sample([8, 9, 10]))


@every(contract.Samples, contract.Unrolls)
def test_last_step_is_the_sample(name: str, config: Config) -> None:
    model = used(name, config)
    steps = list(model.sample_steps([8, 9]))
    for x in steps:
        assert_x(x, config.space, 2, *model.shape)
    assert torch.equal(steps[-1], model.sample([8, 9]))


@every(contract.Samples, contract.Unrolls)
def test_sampling_keeps_no_step_but_the_last(name: str, config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred pictures in 300 steps would fill what a hosted server has."""
    model = used(name, config)
    steps, seen, most = model.sample_steps, [], 0

    def watched(*given: Any) -> Iterator[Tensor]:
        nonlocal most
        for x in steps(*given):
            seen.append(weakref.ref(x))
            yield x
            del x
            most = max(most, sum(step() is not None for step in seen))

    monkeypatch.setattr(model, "sample_steps", watched)
    model.sample([8, 9])
    assert most <= 3


@every(contract.Samples, contract.Unrolls)
def test_sampling_can_be_cancelled_between_two_steps(name: str, config: Config) -> None:
    model, asked = used(name, config), list[int]()

    def unwanted() -> bool:
        asked.append(len(asked))
        return len(asked) == 3

    with cancel.when(unwanted), pytest.raises(cancel.Cancelled):
        model.sample([8, 9])
    assert torch.equal(model.sample([8, 9]), list(model.sample_steps([8, 9]))[-1])  # nobody asks any more


@every(contract.Unrolls, contract.Predicts)
def test_each_step_is_one_more_row(name: str, config: Config) -> None:
    model = used(name, config)
    steps = list(model.sample_steps([8, 9]))
    assert len(steps) == model.shape[1] + 1
    for row, step in enumerate(steps):
        assert torch.equal(step[:, :, :row], steps[-1][:, :, :row])


@every(contract.Traces)
def test_traced_steps_are_the_steps(name: str, config: Config) -> None:
    model = used(name, config)
    assert re.fullmatch("[a-z -]+, [a-z]+", the(name).trace())
    traced = list(model.traced_steps([8, 9]))
    for (x, number), step in zip(traced, model.sample_steps([8, 9]), strict=True):
        assert torch.equal(x, step)
        assert number.shape == (2,)
        assert number.isfinite().all()


def half_known(model: AnyModel, count: int) -> Tensor:
    """The upper half of each picture."""
    known = torch.zeros(count, 1, *model.shape[1:], dtype=torch.bool)
    known[:, :, : model.shape[1] // 2] = True
    return known


@every(contract.Completes)
def test_completing_keeps_what_is_known_and_makes_the_rest(name: str, config: Config) -> None:
    model = used(name, config)
    x, known, seeds = examples(model, 4).round(), half_known(model, 4), [5, 6, 7, 42]
    with global_generators_untouched():
        made = model.complete(x, known, seeds)
    assert_pictures(made, 4, *model.shape)
    part = known.expand_as(x)
    assert torch.equal(made[part], x[part]), "what is known has changed"
    assert torch.equal(model.complete(x, known, seeds), made), "asked again it makes something else"
    assert torch.equal(model.complete(torch.where(known, x, 1 - x), known, seeds), made), "it saw what is not known"
    alone = model.complete(x[3:], known[3:], [42])
    torch.testing.assert_close(alone, made[3:], atol=1e-5, rtol=1e-5, msg="in another batch it makes something else")
    again = model.complete(x[:1].expand_as(x), known, seeds)
    assert len(torch.unique(again.flatten(1), dim=0)) > 1, "different seeds, the same picture"


@every(contract.Completes)
def test_what_is_wholly_known_comes_back(name: str, config: Config) -> None:
    model = used(name, config)
    x = examples(model, 3).round()
    assert torch.equal(model.complete(x, torch.ones_like(x[:, :1], dtype=torch.bool), [1, 2, 3]), x)


@every(contract.Completes)
def test_every_control_counts_for_completions(name: str, config: Config) -> None:
    model = used(name, config)
    x, known = examples(model, 8).round(), half_known(model, 8)
    for field, values in ends(model.Controls):
        low, *_, high = (model.complete(x, known, range(8), model.Controls(**{field: v})) for v in values)
        assert not torch.equal(low, high), f"{field} changes nothing"


# --- Latents ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", able(contract.HasPrior))
def test_a_prior_is_of_a_latent(name: str) -> None:
    assert issubclass(the(name), contract.Decodes)


@every(contract.Decodes)
def test_latent_says_what_the_prior_draws(name: str, config: Config) -> None:
    model = used(name, config)
    latent = the(name).latent(config)
    assert latent.dims >= 1
    assert latent.law in get_args(contract.Law)
    assert isinstance(model, contract.HasPrior) == (latent.law != "none")
    assert_x(model.decode(torch.zeros(3, latent.dims)), config.space, 3, *model.shape)
    if isinstance(model, contract.HasPrior):
        with global_generators_untouched():
            z = model.prior(range(100))
        assert z.shape == (100, latent.dims)
        assert z.dtype == torch.float32
        assert z.isfinite().all()
        assert torch.equal(model.prior([99, 7])[0], z[99]), "a seed's latent depends on its batch"
        match latent.law:
            case "binary":
                assert set(z.unique().tolist()) <= {0.0, 1.0}
            case "uniform":
                assert z.abs().max() <= 1
            case "gaussian":
                assert z.mean().abs() < 0.5
                assert 0.3 < z.std() < 1.3


@every(contract.Encodes)
def test_encode_finds_a_latent_for_each_x(name: str, config: Config) -> None:
    model = used(name, config)
    x = examples(model)
    z = model.encode(x)
    assert z.isfinite().all()
    assert z.shape[0] == len(x)
    torch.testing.assert_close(model.encode(x[:1]), z[:1], atol=1e-5, rtol=1e-5)
    if isinstance(model, contract.Decodes):
        assert z.shape == (len(x), the(name).latent(config).dims)
        assert_x(model.decode(z), config.space, *x.shape)


# --- Reading x -------------------------------------------------------------------------------------------------------


@every(contract.Scores)
def test_log_prob_is_nats_of_a_known_kind(name: str, config: Config) -> None:
    model = used(name, config)
    x = examples(model)
    with global_generators_untouched():
        answer = model.log_prob(x)
    assert answer.nats.shape == (len(x),)
    assert answer.nats.isfinite().all()
    assert answer.kind in ("exact", "lower bound", "estimate", "unnormalised")
    assert torch.equal(model.log_prob(x).nats, answer.nats), "asked again it says something else"
    alone = torch.cat([model.log_prob(one[None]).nats for one in x])
    torch.testing.assert_close(alone, answer.nats, msg="in another batch it says something else")


@every(contract.Predicts)
def test_predictions_make_up_the_likelihood_and_see_no_later_pixel(name: str, config: Config) -> None:
    model = used(name, config)
    x = examples(model)
    found = model.predictions(x)
    side = model.shape[-1]
    assert found.nats.shape == (len(x), len(found.greys), side, side)
    torch.testing.assert_close(found.nats.logsumexp(1), torch.zeros(len(x), side, side), atol=1e-5, rtol=0)
    torch.testing.assert_close(found.of_read.flatten(1).sum(1), model.log_prob(x).nats, atol=1e-4, rtol=1e-5)
    # Pictures of black and white, which are read as they are, whatever the noise.
    sharp = (x > x.median()).float()
    before = model.predictions(sharp)
    torch.testing.assert_close(before.greys[before.read], sharp[:, 0])
    for pixel in (0, side + 1, side**2 - 2):
        other = sharp.clone()
        other.flatten(1)[:, pixel] = 1 - other.flatten(1)[:, pixel]
        changed = (model.predictions(other).nats != before.nats).any(0).any(0).flatten()
        assert not changed[: pixel + 1].any()
        assert changed[pixel + 1 :].any()


@every(contract.Warps, contract.Encodes)
def test_a_warp_ends_at_the_code(name: str, config: Config) -> None:
    model = used(name, config)
    x = examples(model)
    way = list(model.warp(x))
    for place, stretched in way:
        assert place.shape == (len(x), model.config.space.size)
        assert stretched.shape == (len(x),)
    torch.testing.assert_close(way[-1][0], model.encode(x))
    if isinstance(model.config.space, Points):
        assert torch.equal(way[0][0], x)
        z, stretched = way[-1]
        normal = torch.distributions.Normal(0, 1).log_prob(z).sum(1)
        torch.testing.assert_close(normal + stretched, model.log_prob(x).nats)


@every(contract.Bounds)
def test_bounds_are_of_the_first_draws_and_rise_with_their_number(name: str, config: Config) -> None:
    model = used(name, config)
    x = examples(model)
    with global_generators_untouched():
        weights = torch.cat(list(model.log_weights(x, 600)), 1)
    assert weights.shape == (len(x), 600)
    assert weights.isfinite().all()
    few = torch.cat(list(model.log_weights(x[2:3], 70)), 1)
    torch.testing.assert_close(few, weights[2:3, :70], msg="the draws depend on their number, or on the batch")
    found = model.bound(x, 70)
    torch.testing.assert_close(found.nats, weights[:, :70].logsumexp(1) - math.log(70))
    assert found.kind == model.log_prob(x).kind == "lower bound"
    # In expectation: over 600 groups of one, 60 of ten and 6 of a hundred.
    means = [(weights.unflatten(1, (-1, k)).logsumexp(2) - math.log(k)).mean() for k in (1, 10, 100)]
    assert means[0] < means[1] < means[2]


@every(contract.Criticises)
def test_criticism_means_what_it_says(name: str, config: Config) -> None:
    model = used(name, config)
    answer = model.criticise(examples(model))
    assert answer.score.shape == (8,)
    assert answer.score.isfinite().all()
    assert answer.meaning in ("probability", "critic value", "energy")
    if answer.meaning == "probability":
        assert ((answer.score >= 0) & (answer.score <= 1)).all()


@every(contract.Embeds)
def test_features_describe_each_picture_by_itself(name: str, config: Config) -> None:
    model = used(name, config)
    x = examples(model)
    features = model.features(x)
    assert features.ndim == 2
    assert len(features) == len(x)
    assert features.isfinite().all()
    torch.testing.assert_close(model.features(x[:1]), features[:1], atol=1e-4, rtol=1e-4)


@every(contract.Names)
def test_names_have_a_logit_for_each_class(name: str, config: Config) -> None:
    model = used(name, config)
    heads = the(name).heads(config)
    assert heads
    assert isinstance(model, contract.Embeds), "it names what it describes by features"
    logits = model.logits(model.features(examples(model)))
    assert list(logits) == list(heads), "the main attribute comes first"
    for attribute, classes in heads.items():
        assert logits[attribute].shape == (8, classes)
        assert logits[attribute].isfinite().all()


# --- Translating -----------------------------------------------------------------------------------------------------


def inputs(model: AnyModel, source: Domain, count: int = 4) -> Tensor:
    """Noise in the shape of a domain's pictures."""
    shape = (count, source.channels, *model.shape[1:])
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


@every(contract.Translates)
def test_worlds_follow_from_the_config(name: str, config: Config) -> None:
    worlds = the(name).worlds(config)
    assert worlds.a.key != worlds.b.key
    assert worlds.a.title != worlds.b.title
    assert 1 <= len(set(worlds.sources)) == len(worlds.sources)
    assert set(worlds.sources) <= {worlds.a, worlds.b}
    for domain in (worlds.a, worlds.b):
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", domain.key)
        assert worlds.target(domain) in {worlds.a, worlds.b} - {domain}


@every(contract.Translates)
def test_translates_from_its_sources_to_the_other_domain(name: str, config: Config) -> None:
    model = used(name, config)
    worlds = the(name).worlds(config)
    for source in worlds.sources:
        x, side = inputs(model, source), model.shape[1:]
        assert_pictures(model.translate(x, source), 4, worlds.target(source).channels, *side)
        with global_generators_untouched():
            many = model.translate(x, source, seeds=[5, 6, 7, 8])
        assert torch.equal(model.translate(x, source, seeds=[5, 6, 7, 8]), many), "asked again it says otherwise"
        assert worlds.varies != torch.equal(model.translate(x, source, seeds=[1, 2, 3, 4]), many)
        alone = model.translate(x[3:], source, seeds=[8])
        torch.testing.assert_close(alone, many[3:], atol=1e-5, rtol=0)
        assert not torch.equal(model.translate(x.flip(0), source, seeds=[5, 6, 7, 8]), many), "it ignores its input"
        for field, values in ends(model.Controls):
            low, *_, high = (model.translate(x, source, [5, 6, 7, 8], model.Controls(**{field: v})) for v in values)
            assert not torch.equal(low, high), f"{field} changes nothing"


@every(contract.Translates)
def test_a_domain_that_is_no_source_is_refused(name: str, config: Config) -> None:
    model = used(name, config)
    worlds = the(name).worlds(config)
    strangers = {Domain("nowhere", "pictures of nowhere", "colour"), worlds.a, worlds.b} - set(worlds.sources)
    for stranger in strangers:
        with pytest.raises(GenlibError, match=stranger.title):
            model.translate(inputs(model, worlds.sources[0]), stranger)
        with pytest.raises(GenlibError, match=stranger.title):
            model.examples(data.load_pictures("emoji", "validation").take(slice(0, 2)), stranger)


@every(contract.Varies)
def test_a_code_is_an_answer(name: str, config: Config) -> None:
    model = used(name, config)
    worlds = the(name).worlds(config)
    assert worlds.varies
    for source in worlds.sources:
        x = inputs(model, source)
        z = model.codes([5, 6, 7, 8])
        assert z.ndim == 2
        assert len(z) == 4
        torch.testing.assert_close(model.translate_by(x, source, z), model.translate(x, source, [5, 6, 7, 8]))
        torch.testing.assert_close(model.translate_by(x, source, 0 * z), model.translate(x, source))


@every(contract.TakesHints)
def test_hints_count_and_none_is_no_hint(name: str, config: Config) -> None:
    model = used(name, config)
    (source,) = the(name).worlds(config).sources
    x = inputs(model, source)
    truths = torch.rand(4, 3, *x.shape[2:], generator=torch.Generator().manual_seed(2))
    hints = model.hints_from(truths, x.clamp(min=0.6), [0, 1, 3, 20], torch.Generator().manual_seed(3))
    assert_pictures(hints, 4, 4, *x.shape[2:])
    colour, mask = hints[:, :3], hints[:, 3:]
    assert set(mask.unique().tolist()) == {0, 1}
    assert not hints[0].any()
    assert (mask.sum((1, 2, 3)).diff() > 0).all(), "more hints, and no more places"
    assert torch.equal(colour * mask, colour), "a colour where there is no hint"
    plain = model.translate(x, source, [1, 2, 3, 4])
    hinted = model.translate_hinted(x, source, hints, [1, 2, 3, 4])
    torch.testing.assert_close(hinted[0], plain[0], atol=1e-5, rtol=0)
    assert not torch.allclose(hinted[3], plain[3], atol=1e-3), "hints change nothing"


# --- Devices ---------------------------------------------------------------------------------------------------------

READS_VALUES = re.compile(r"item\(\)|_local_scalar_dense|[Cc]annot copy out of meta tensor")


def readings(model: Any, away: Any) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    """What each capability of `away` gives for inputs on the CPU, where `model`, which is the same, is."""
    cls, x = type(model), examples(model, 2)
    if isinstance(model, contract.Samples):
        yield "sample", lambda: away.sample([1, 2])
    if isinstance(model, contract.Unrolls):
        yield "sample_steps", lambda: list(away.sample_steps([1, 2]))[-1]
    if isinstance(model, contract.Completes):
        yield "complete", lambda: away.complete(x, half_known(model, 2), [1, 2])
    if isinstance(model, contract.HasPrior):
        yield "prior", lambda: away.prior([1, 2])
    if isinstance(model, contract.Decodes):
        yield "decode", lambda: away.decode(torch.zeros(2, cls.latent(model.config).dims))
    if isinstance(model, contract.Encodes):
        yield "encode", lambda: away.encode(x)
    if isinstance(model, contract.Scores):
        yield "log_prob", lambda: away.log_prob(x).nats
    if isinstance(model, contract.Predicts):
        yield "predictions", lambda: away.predictions(x).of_read
    if isinstance(model, contract.Warps):
        yield "warp", lambda: list(away.warp(x))[-1][1]
    if isinstance(model, contract.Bounds):
        yield "log_weights", lambda: next(away.log_weights(x, 3))
    if isinstance(model, contract.Criticises):
        yield "criticise", lambda: away.criticise(x).score
    if isinstance(model, contract.Embeds):
        yield "features", lambda: away.features(x)
    if isinstance(model, contract.Names):
        features = model.features(x)
        yield "logits", lambda: torch.cat(list(away.logits(features).values()), 1)
    if isinstance(model, contract.Translates):
        source = cls.worlds(model.config).sources[0]
        given = inputs(model, source, 2)
        yield "translate", lambda: away.translate(given, source, [1, 2])
        if isinstance(model, contract.TakesHints):
            hints = torch.zeros(2, 4, *model.shape[1:])
            hints[:, :, :4, :4] = 1
            yield "translate_hinted", lambda: away.translate_hinted(given, source, hints)


@every()
def test_inputs_may_be_anywhere_and_outputs_are_on_the_models_device(name: str, config: Config) -> None:
    """On the meta device, which every machine has: an input that was not moved there ends in an error. What has to read
    a value in between cannot be tried on it."""
    model = used(name, config)
    calls = dict(readings(model, copy.deepcopy(model).to("meta")))
    assert calls
    for what, call in calls.items():
        try:
            answer = call()
        except (RuntimeError, NotImplementedError) as error:
            if not READS_VALUES.search(str(error)):
                raise
        else:
            assert answer.device.type == "meta", what


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
@every()
def test_a_gpu_answers_as_the_processor_does(name: str, config: Config) -> None:
    model = used(name, config)
    away = copy.deepcopy(model).to("cuda")
    with torch.backends.cudnn.flags(allow_tf32=False):  # whose 10 bits are another matter
        for (what, here), (_, there) in zip(readings(model, model), readings(model, away), strict=True):
            found, answer = here(), there()
            assert answer.device.type == "cuda", what
            # What is drawn by comparing with a probability may differ where they lie side by side.
            off = (answer.cpu() - found).abs() > 1e-3 * (1 + found.abs())
            assert off.float().mean() <= 0.02, what


# --- Training --------------------------------------------------------------------------------------------------------


@every(contract.Trains)
def test_each_parameter_has_its_optimizer(name: str, config: Config) -> None:
    model = fresh(name, config)
    optimizers = model.optimizers(model.Training())
    held = [[p for group in o.param_groups for p in group["params"]] for o in optimizers.values()]
    for parameters in held:
        assert len(parameters) == len(set(parameters)), "one optimiser has a parameter twice"
    assert set().union(*held) == {p for p in model.parameters() if p.requires_grad}
    parts = list(map(frozenset, held))
    assert len(parts) == len(set(parts)), "two optimisers do the same"


@every(contract.Trains)
def test_training_changes_every_parameter(name: str, config: Config) -> None:
    model = fresh(name, config)
    before = copy.deepcopy(dict(model.named_parameters()))
    flags = {key: p.requires_grad for key, p in model.named_parameters()}
    train(model)
    train(model, first=STEPS - 3)  # some add layers on their way
    assert {key: p.requires_grad for key, p in model.named_parameters()} == flags
    assert model.training
    for key, p in model.named_parameters():
        assert p.isfinite().all(), key
        assert not p.requires_grad or not torch.equal(p, before[key]), f"{key} was not trained"


@every(contract.Trains)
def test_train_step_returns_detached_scalars(name: str, config: Config) -> None:
    values = train(fresh(name, config), steps=1)
    assert values
    for key, value in values.items():
        assert isinstance(key, str)
        assert value.ndim == 0
        assert not value.requires_grad
        assert value.isfinite()


@every(contract.Trains)
def test_same_seed_gives_the_same_weights(name: str, config: Config) -> None:
    """All noise of a step is drawn from its batch's generator: what the process drew in between does not matter."""
    one, other = fresh(name, config), fresh(name, config)
    with global_generators_untouched():
        train(one)
    torch.manual_seed(12345)
    train(other)
    assert_same(one.state_dict(), other.state_dict())
    train(other, steps=1, first=9)
    assert any(not torch.equal(v, one.state_dict()[k]) for k, v in other.state_dict().items())


@every(contract.Trains)
def test_gradients_of_an_earlier_step_do_not_leak(name: str, config: Config) -> None:
    clean, dirty = fresh(name, config), fresh(name, config)
    for p in dirty.parameters():
        p.grad = torch.ones_like(p)
    train(clean, steps=2)
    train(dirty, steps=2)
    assert_same(clean.state_dict(), dirty.state_dict())


@pytest.mark.parametrize("name", able(contract.Trains))
def test_every_knob_of_training_does_something(name: str) -> None:
    """At one of its ends at least, with one of the tiny configs: a knob may have no part in the game of another."""
    cls = the(name)

    @cache
    def end(kind: type, **how: Any) -> dict[str, Tensor]:
        (config,) = (c for c in cls.tiny() if type(c.space) is kind)
        model = fresh(name, config)
        train(model, **how)
        return model.state_dict()

    def differs(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
        return any(not torch.equal(v, other[k]) for k, v in one.items())

    for field, values in ends(cls.Training, cap=3):
        assert any(
            differs(end(kind, **{field: value}), end(kind)) for kind in cls.Config.spaces() for value in values
        ), f"{field} changes nothing"


@every(contract.Trains)
def test_trains_in_bfloat16(name: str, config: Config) -> None:
    model = fresh(name, config)
    before = copy.deepcopy(model.state_dict())
    with torch.autocast("cpu", torch.bfloat16, cache_enabled=False):
        values = train(model)
    assert all(value.isfinite() for value in values.values())
    assert all(v.isfinite().all() and v.dtype == before[k].dtype for k, v in model.state_dict().items())
    assert any(not torch.equal(p, before[k]) for k, p in model.named_parameters())


# --- Checkpoints -----------------------------------------------------------------------------------------------------


def a_spec(name: str, model: AnyModel) -> Spec:
    recipe = Recipe(data="digits", training=model.Training().model_dump(mode="json"))
    return Spec(model=name, config=model.config.model_dump(mode="json"), recipe=recipe, trained_steps=3)


def load(folder: Path) -> Any:
    return Checkpoint.read(folder).load("cpu")


@every()
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=["nchw", "channels_last"])
def test_save_and_load_is_exact(name: str, config: Config, layout: torch.memory_format, tmp_path: Path) -> None:
    model = used(name, config)
    checkpoint.save(copy.deepcopy(model).to(memory_format=layout), tmp_path, a_spec(name, model))
    loaded = load(tmp_path)
    assert type(loaded) is type(model)
    assert loaded.config == model.config
    assert not any(m.training for m in loaded.modules())
    assert not any(p.requires_grad for p in loaded.parameters())
    assert all(t.device.type == "cpu" for t in [*loaded.parameters(), *loaded.buffers()])
    assert_same(loaded.state_dict(), model.state_dict())
    assert_same(dict(loaded.named_buffers()), dict(model.named_buffers()))
    if isinstance(model, contract.Samples) and isinstance(loaded, contract.Samples):
        assert torch.equal(loaded.sample([1, 2]), model.sample([1, 2]))


@every()
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_on_disk_loses_once(name: str, config: Config, dtype: torch.dtype, tmp_path: Path) -> None:
    model = used(name, config)
    once, twice = tmp_path / "once", tmp_path / "twice"
    checkpoint.save(model, once, a_spec(name, model), dtype)
    loaded = load(once)
    checkpoint.save(loaded, twice, a_spec(name, model), dtype)
    assert (once / WEIGHTS).read_bytes() == (twice / WEIGHTS).read_bytes()
    assert (once / CONFIG).read_bytes() == (twice / CONFIG).read_bytes()
    for key, p in loaded.named_parameters():
        assert p.dtype == torch.float32
        torch.testing.assert_close(p, model.get_parameter(key), rtol=1e-2, atol=1e-4)


def constants(model: nn.Module) -> dict[str, Tensor]:
    """All that follows from the config alone, made anew."""
    return {
        f"{where}.{key}".lstrip("."): tensor
        for where, part in model.named_modules()
        if isinstance(part, Constants)
        for key, tensor in part.constants().items()
    }


@every()
def test_constants_are_made_anew_and_never_stored(name: str, config: Config, tmp_path: Path) -> None:
    model = used(name, config)
    true = constants(model)
    assert not true.keys() & model.state_dict().keys()
    for key in true:
        model.get_buffer(key).zero_()  # a forged one
    checkpoint.save(model, tmp_path, a_spec(name, model))
    loaded = load(tmp_path)
    for key, tensor in true.items():
        assert torch.equal(loaded.get_buffer(key), tensor), key


def test_constants_of_a_model_and_of_its_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The same for a model that has some, whatever the model files have."""

    class Part(Constants):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.width = width
            self.weight = nn.Parameter(torch.ones(width))
            self.keep_constants()

        def constants(self) -> Mapping[str, Tensor]:
            return {"mask": torch.ones(self.width, self.width).tril()}

    class Masked(Model[Config, Controls, Training]):
        def __init__(self, config: Config) -> None:
            super().__init__(config)
            self.part = Part(config.space.size)
            self.keep_constants()

        def constants(self) -> Mapping[str, Tensor]:
            return {"order": torch.arange(self.config.space.size)}

    monkeypatch.setattr(catalog, "model_class", lambda name: Masked)
    model = Masked(Config(space=Points()))
    assert constants(model).keys() == {"order", "part.mask"}
    assert model.state_dict().keys() == {"part.weight"}
    model.get_buffer("part.mask").fill_(1)
    checkpoint.save(model, tmp_path, a_spec("masked", model))
    loaded = load(tmp_path)
    assert torch.equal(loaded.get_buffer("part.mask"), torch.tensor([[1.0, 0], [1, 1]]))
    assert torch.equal(loaded.get_buffer("order"), torch.arange(2))


@pytest.mark.parametrize("name", catalog.shelf())
def test_shipped_checkpoints_say_all_that_made_them(name: str) -> None:
    """Every field is written down: a default that changes later changes no checkpoint."""
    found = Checkpoint.read(catalog.CHECKPOINTS / name)
    assert found.spec.config == found.config.model_dump(mode="json")
    assert found.spec.recipe.training == found.training.model_dump(mode="json")
    written = json.loads((catalog.CHECKPOINTS / name / CONFIG).read_bytes())
    assert written == found.spec.model_dump(mode="json")


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
