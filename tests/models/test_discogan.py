"""DiscoGAN: which pictures belong to which world, and the paper's losses."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from genlib import data, training
from genlib.contract import Batch, Domain
from genlib.errors import GenlibError
from genlib.models.discogan import Config, DiscoGAN, Generator, Training
from genlib.spaces import Pictures

SPACE = Pictures(channels=3, side=16)


def model(**config: Any) -> DiscoGAN:
    small = {"space": SPACE, "generator_width": 4, "discriminator_width": 4, "depth": 2}
    made = training.fresh(DiscoGAN, Config(**small | config), seed=0)
    assert isinstance(made, DiscoGAN)
    return made


def batch(labels: list[int], seed: int = 0, another: Any = None) -> Batch:
    rng = torch.Generator().manual_seed(seed)
    x = torch.rand(len(labels), 3, 16, 16, generator=rng)
    return Batch(x, rng, 0, 1, {"hair_colour": torch.tensor(labels)}, another=another)


def test_worlds_by_the_names_of_their_classes() -> None:
    hair = DiscoGAN.config_for(data.info("faces"), a="blond", b="black")
    assert (hair.a, hair.b, hair.a_name, hair.b_name) == ((1,), (0,), "blond", "black")
    shoes = DiscoGAN.config_for(data.info("fashion"), a=["sandal", "sneaker", "ankle boot"], b="bag", a_name="shoes")
    assert (shoes.a, shoes.b) == ((5, 7, 9), (8,))
    assert (shoes.a_name, shoes.space) == ("shoes", Pictures(side=28))
    assert DiscoGAN.config_for(data.info("fashion"), **shoes.model_dump()) == shoes  # what is stored can be given again


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"a": "purple", "b": "black"}, "no class 'purple'"),
        ({"attribute": "hat", "a": 0, "b": 1}, "no label 'hat'"),
        ({"b": "black"}, "which pictures are A"),
    ],
)
def test_worlds_that_are_not_there(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(GenlibError, match=words):
        DiscoGAN.config_for(data.info("faces"), **asked)
    with pytest.raises(GenlibError, match="no labels"):
        DiscoGAN.config_for(data.info("spiral"), **asked)


@pytest.mark.parametrize("asked", [{"a": (1, 2), "b": (2,)}, {"a_name": "same"}, {"a_name": "Not quite-the same"}])
def test_the_worlds_must_differ(asked: dict[str, Any]) -> None:
    other = {"same": "same", "Not quite-the same": "not quite the same"}.get(asked.get("a_name", ""), "B")
    with pytest.raises(ValidationError, match="must differ"):
        Config(**asked, b_name=other)


def test_keys_are_the_names_fit_for_an_address() -> None:
    worlds = DiscoGAN.worlds(Config(space=SPACE, a_name="Blond hair, long", b_name="black hair"))
    assert [d.key for d in (worlds.a, worlds.b)] == ["blond-hair-long", "black-hair"]
    assert [d.title for d in worlds.sources] == ["Blond hair, long", "black hair"]
    assert {d.kind for d in worlds.sources} == {"colour"}
    assert DiscoGAN.worlds(Config()).a.kind == "grey"
    with pytest.raises(ValidationError):
        Config(a_name="'-'")  # nothing of it could be in an address


def test_needs_every_class_that_it_tells_apart() -> None:
    assert DiscoGAN.needs(Config(attribute="garment", a=(5, 7, 9), b=(8,))).labels == {"garment": 10}


@pytest.mark.parametrize("inner", [{}, {"skips": True}, {"code": 5}])
@pytest.mark.parametrize("space", [Pictures(side=28), Pictures(channels=3, side=64)], ids=str)
def test_shapes_at_every_size(space: Pictures, inner: dict[str, Any]) -> None:
    both = model(space=space, **inner, a_name="cats", b_name="dogs").eval()
    cats, dogs = DiscoGAN.worlds(both.config).sources
    x = torch.rand(2, *space.shape)
    there = both.translate(x, cats)
    assert there.shape == x.shape
    assert both.translate(there, dogs).shape == x.shape


def test_each_world_has_its_own_generator() -> None:
    both = model().eval()
    a, b = DiscoGAN.worlds(both.config).sources
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(both.translate(x, a), both.generator_ab(x))
    assert torch.equal(both.translate(x, b), both.generator_ba(x))
    with pytest.raises(GenlibError, match="between A and B, and knows no C"):
        both.translate(x, Domain("c", "C", "colour"))


def test_without_skips_all_goes_through_the_bottleneck() -> None:
    x = torch.rand(2, 3, 16, 16)
    for skips in (False, True):
        generator = Generator(Config(space=SPACE, generator_width=4, depth=2, skips=skips)).eval()
        nn.init.zeros_(generator.up[0][0].weight)
        one, other = generator(x)
        assert torch.equal(one, other) != skips


def test_examples_and_training_take_each_world_by_its_labels() -> None:
    both = model(a=(1,), b=(0, 2), a_name="cats", b_name="dogs")
    found = batch([1, 0, 2, 1, 1, 3, 1])
    a, b = both.unpaired(found)
    assert len(a) == len(b) == 2

    def is_there(one: Tensor, among: Tensor) -> bool:
        return any(torch.equal(one, other) or torch.equal(one, other.flip(2)) for other in among)

    assert all(is_there(one, found.x[[0, 3, 4, 6]]) for one in a)
    assert all(is_there(one, found.x[[1, 2]]) for one in b)
    one, _ = both.unpaired(batch([1, 0, 0, 2]))
    assert len(one) == 2, "one alone is taken twice: batch norm needs two"
    with pytest.raises(GenlibError, match="take larger ones"):
        both.unpaired(batch([0, 0, 2]))
    a, b = both.unpaired(batch([0, 0, 2], another=lambda: found))
    assert len(a) == len(b) == 2, "the next batch has both"
    seen: list[Batch] = []

    def of_one_world() -> Batch:
        seen.append(batch([1, 1], another=of_one_world))
        return seen[-1]

    with pytest.raises(GenlibError, match="take larger ones"):
        both.unpaired(of_one_world())
    assert len(seen) < 200
    faces = data.load_pictures("faces", "validation").take(slice(0, 100))
    for label, world in zip((1, 0), DiscoGAN.worlds(model().config).sources, strict=True):
        x, truths = model().examples(faces, world)
        assert truths is None
        assert torch.equal(x, faces.x(faces.labels["hair_colour"] == label))


def test_the_round_trip_is_what_the_loss_says() -> None:
    """Both generators the identity: reconstruction costs nothing, or what the noise halfway does."""

    class Same(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, x: Tensor) -> Tensor:
            return x * self.scale

    both = model()
    both.generator_ab, both.generator_ba = Same(), Same()  # type: ignore[assignment]
    how = Training(generator_rate=1e-30)
    values = both.train_step(batch([0, 1] * 4), both.optimizers(how), how)
    assert values["round trip A"] == values["round trip B"] == 0
    how = Training(generator_rate=1e-30, noise=0.1)
    values = both.train_step(batch([0, 1] * 32), both.optimizers(how), how)
    for world in "AB":  # E |N(0, s)| = s sqrt(2 / pi)
        assert values[f"round trip {world}"].item() == pytest.approx(0.1 * math.sqrt(2 / math.pi), rel=0.02)


def test_smoothing_is_on_data_only() -> None:
    """Where both D say the same logit c of everything, their loss is known."""
    both, s, c = model(), 0.2, 1.5
    for d in (both.discriminator_a, both.discriminator_b):
        last = d[-1]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, c)
    how = Training(smoothing=s)
    found = both.train_step(batch([0, 1] * 4), both.optimizers(how), how)["loss D"].item()
    p = 1 / (1 + math.exp(-c))
    on_data, on_made = -(1 - s) * math.log(p) - s * math.log(1 - p), -math.log(1 - p)
    assert found == pytest.approx(2 * (on_data + on_made), rel=1e-5)


def test_each_step_of_the_discriminators_sees_fresh_data() -> None:
    asked: list[Batch] = []

    def another() -> Batch:
        asked.append(batch([0, 1] * 4, len(asked), another))
        return asked[-1]

    both, how = model(), Training(discriminator_steps=3)
    looks: dict[str, int] = {"a": 0, "b": 0}
    for name, d in (("a", both.discriminator_a), ("b", both.discriminator_b)):
        d.register_forward_pre_hook(lambda *_, name=name: looks.update({name: looks[name] + 1}))
    optimizers = both.optimizers(how)
    both.train_step(another(), optimizers, how)
    assert len(asked) == 3
    assert looks == {"a": 3 * 2 + 1, "b": 3 * 2 + 1}, "three times data and made, and the generators' own look"
    moves = {name: {int(s["step"]) for s in o.state_dict()["state"].values()} for name, o in optimizers.items()}
    assert moves == {"generators": {1}, "discriminators": {3}}
