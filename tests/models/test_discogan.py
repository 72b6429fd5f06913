"""DiscoGAN: which pictures belong to which world, and the paper's losses."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from genlib import data
from genlib.contract import Batch, GenlibError, Recipe
from genlib.models.discogan import Config, DiscoGAN, Generator


def model(**config: object) -> DiscoGAN:
    torch.manual_seed(0)
    small = {"channels": 3, "image_size": 16, "generator_width": 4, "discriminator_width": 4, "depth": 2}
    return DiscoGAN(Config(**small | config))  # type: ignore[arg-type]


def batch(labels: list[int]) -> Batch:
    rng = torch.Generator().manual_seed(0)
    return Batch(torch.rand(len(labels), 3, 16, 16, generator=rng), rng, {"hair_colour": torch.tensor(labels)})


def test_worlds_by_the_names_of_their_classes() -> None:
    hair = DiscoGAN.config_for(data.info("faces"), a="blond", b="black")
    assert (hair.a, hair.b, hair.a_name, hair.b_name) == ((1,), (0,), "blond", "black")  # type: ignore[attr-defined]
    shoes = DiscoGAN.config_for(data.info("fashion"), a=["sandal", "sneaker", "ankle boot"], b="bag", a_name="shoes")
    assert (shoes.a, shoes.b) == ((5, 7, 9), (8,))  # type: ignore[attr-defined]
    assert (shoes.a_name, shoes.channels, shoes.image_size) == ("shoes", 1, 28)  # type: ignore[attr-defined]
    assert DiscoGAN.config_for(data.info("fashion"), **shoes.model_dump()) == shoes  # what is stored can be given again


@pytest.mark.parametrize(
    ("asked", "words"),
    [({"a": "purple", "b": "black"}, "no class 'purple'"), ({"attribute": "hat", "a": 0, "b": 1}, "no label 'hat'")],
)
def test_worlds_that_are_not_there(asked: dict[str, object], words: str) -> None:
    with pytest.raises(GenlibError, match=words):
        DiscoGAN.config_for(data.info("faces"), **asked)


def test_the_worlds_must_differ() -> None:
    with pytest.raises(ValidationError, match="must differ"):
        Config(a=(1, 2), b=(2,))


@pytest.mark.parametrize("inner", [{}, {"skips": True}, {"code": 5}])
@pytest.mark.parametrize(("size", "channels"), [(28, 1), (64, 3)])
def test_shapes_at_every_size(size: int, channels: int, inner: dict[str, object]) -> None:
    both = model(image_size=size, channels=channels, **inner, a_name="cats", b_name="dogs").eval()
    images = torch.rand(2, channels, size, size)
    there = both.translate(images, "cats")
    assert there.shape == images.shape
    assert both.translate(there, "dogs").shape == images.shape


def test_without_skips_all_goes_through_the_bottleneck() -> None:
    x = torch.rand(2, 3, 16, 16)
    for skips in (False, True):
        generator = Generator(Config(channels=3, image_size=16, generator_width=4, depth=2, skips=skips)).eval()
        nn.init.zeros_(generator.up[0][0].weight)
        one, other = generator(x)
        assert torch.equal(one, other) != skips


def test_examples_and_training_take_each_world_by_its_labels() -> None:
    both = model(a=(1,), b=(0, 2), a_name="cats", b_name="dogs")
    found = batch([1, 0, 2, 1, 1, 3, 1])
    a, b = both.unpaired(found)
    assert len(a) == len(b) == 2

    def is_there(image: Tensor, among: Tensor) -> bool:
        return any(torch.equal(image, other) or torch.equal(image, other.flip(2)) for other in among)

    assert all(is_there(image, found.images[[0, 3, 4, 6]]) for image in a)
    assert all(is_there(image, found.images[[1, 2]]) for image in b)
    one, _ = both.unpaired(batch([1, 0, 0, 2]))
    assert len(one) == 2, "one alone is taken twice: batch norm needs two"
    with pytest.raises(GenlibError, match="take larger ones"):
        both.unpaired(batch([0, 0, 2]))
    faces = data.load("faces", "validation").take(slice(0, 100))
    blond, truths = model(a_name="blond").examples(faces, "blond")
    assert truths is None
    assert len(blond) == (faces.labels["hair_colour"] == 1).sum()


def test_the_round_trip_is_what_the_loss_says() -> None:
    """Both generators the identity: reconstruction costs nothing, and so its gradient is nought."""

    class Same(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(()))

        def forward(self, x: Tensor) -> Tensor:
            return x * self.scale

    both = model()
    both.generator_ab, both.generator_ba = Same(), Same()  # type: ignore[assignment]
    values = both.train_step(batch([0, 1] * 4), both.optimizers(Recipe(data="faces", learning_rate=1e-30)))
    assert values["round trip A"] == values["round trip B"] == 0
