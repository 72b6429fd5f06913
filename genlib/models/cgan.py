"""Conditional GAN: the same game, with the class told to both players.

    Mirza, Osindero, "Conditional Generative Adversarial Nets", 2014. https://arxiv.org/abs/1411.1784

Both players are given y beside what they read (equation 2)

    min_G max_D V(D, G) = E_x,y~data [log D(x | y)] + E_z~p(z), y~data [log(1 - D(G(z | y) | y))]

so that D rejects a good picture of the wrong class, and G has to make what y says. Each y is a game of its own, with
the law of the data given y as its optimum; the players share what the classes have in common. z is left with what y
does not say: the same z under another y is another digit in much the same hand.

G descends -log D(G(z | y) | y), the non-saturating form (gan.py). Class y is a vector with a one at its place, joined
to z and to x (section 3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, StringConstraints, create_model, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract, noise
from genlib.contract import Batch, Classes, Conditions, Latent, Name, Needs, Paper, Samples, Seeds, Trains
from genlib.errors import GenlibError
from genlib.models import dcgan
from genlib.models.base import Model
from genlib.models.gan import Players, discriminator_loss, generator, hidden
from genlib.nets import Dropout, Stack, frozen, halvings
from genlib.noise import Noise
from genlib.spaces import Pictures, Points

if TYPE_CHECKING:
    from genlib.data import DataInfo

ANY = "any"  # a class that is drawn as well

ClassName = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[\w /-]+$")]


class Config(Players):
    network: Literal["mlp", "conv"] = Field("mlp", description="Fully connected as in the paper, or DCGAN's players")
    width: int = Field(
        512, ge=4, le=2048, description="Units of the widest layer (mlp), or channels next to the pixels"
    )
    normalisation: dcgan.Normalisation = Field("batch", description=dcgan.NORMALISATION + "; mlp: the batch")
    attribute: Name = Field("label", description="Which label of the data it is told")
    classes: tuple[ClassName, ...] = Field(min_length=2, max_length=64, description="What that label can be, in order")
    dropout: float = Field(0.3, ge=0, le=0.9, description="Dropout in a fully connected D, lest it win too early")

    @model_validator(mode="after")
    def _convolves(self) -> Config:
        if self.network == "conv":
            if not isinstance(self.space, Pictures):
                raise ValueError("convolutions are for pictures: points take the mlp")
            halvings(self.space.side)
            if self.width > 256:
                raise ValueError("width is at most 256 for the convolutional network")
            if not self.batch_norm:
                raise ValueError("the convolutional network has batch norm: leave batch_norm on")
        elif self.normalisation != "batch":
            raise ValueError("a reference batch is for the convolutional network: leave normalisation at batch")
        return self


class Training(contract.Training):
    generator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of G")
    discriminator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of D")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's memory of squared gradients")
    discriminator_steps: int = Field(1, ge=1, le=20, description="Steps of D, each on fresh data, for one of G")
    smoothing: float = Field(0.0, ge=0, le=0.5, description="D aims at 1 - this on real data, and at 0 on samples")


class Controls(contract.Controls):
    truncation: float = Field(
        2.0, ge=0.1, le=3.0, description="Noise stays within this many standard deviations: lower is safer, less varied"
    )


@lru_cache
def controls_with(classes: tuple[str, ...]) -> type[Controls]:
    """Controls with a choice of class."""
    options: Any = Literal[(ANY, *classes)]
    said = Field(ANY, title="Class", description=f"What to make; {ANY}: each seed draws its own")
    return create_model("Controls", __base__=Controls, label=(options, said))


# --- Blocks: G (B, Z + K) -> numbers (B, size) that the space makes an x of; D -> logit of D(x | y) (B, 1) ------------


def mlp(c: Config) -> tuple[nn.Module, Stack]:
    """The players of gan.py. D reads x and y side by side (B, size + K)."""
    k = len(c.classes)
    inner, outer = hidden(c)
    g = generator(c, given=k)
    d = Stack(
        nn.Linear(c.space.size + k, outer), nn.LeakyReLU(0.2), Dropout(c.dropout),
        nn.Linear(outer, inner), nn.LeakyReLU(0.2), Dropout(c.dropout),
        nn.Linear(inner, 1),
    )  # fmt: skip
    return g, d


def conv(c: Config) -> tuple[nn.Module, Stack]:
    """The players of dcgan.py. D reads y as maps beside x (B, C + K, H, W), each all ones or all zeros."""
    k = len(c.classes)
    players = dcgan.Config(
        space=c.space,
        latent=c.latent,
        generator_width=c.width,
        discriminator_width=c.width,
        normalisation=c.normalisation,
    )
    g = dcgan.generator(players, given=k).apply(dcgan.initialise)
    d = dcgan.discriminator(players, given=k).apply(dcgan.initialise)
    # Without G's last layer, tanh: that is the space's part.
    return nn.Sequential(nn.Unflatten(1, (-1, 1, 1)), *list(g)[:-1], nn.Flatten()), Stack(*d, nn.Flatten())


class ConditionalGAN(Model[Config, Controls, Training], Samples, Conditions, Trains[Training]):
    title = "Conditional GAN, by class"
    short = "Conditional GAN"
    idea = (
        "Generator and discriminator are both told the class. A good picture of the wrong class is rejected, so the "
        "generator learns to make what is asked for."
    )
    paper = Paper(
        "Conditional Generative Adversarial Nets", "Mirza & Osindero", 2014, "https://arxiv.org/abs/1411.1784"
    )
    family = ("Implicit density", "Direct")
    follows = frozenset({"space", "classes"})
    reference: Tensor  # (R, Z + K)
    points: ClassVar = {
        "latent": 2, "width": 128, "batch_norm": False, "dropout": 0.0,
        "generator_rate": 1e-3, "discriminator_rate": 1e-3, "beta2": 0.99,
    }  # fmt: skip

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.generator, self.discriminator = mlp(config) if config.network == "mlp" else conv(config)
        self.keep_constants()

    def constants(self) -> Mapping[str, Tensor]:
        z = dcgan.reference(self.z, self.config.normalisation)
        y = torch.arange(len(z), device="cpu") % len(self.config.classes)  # of every class
        return {"reference": self.joined(z, y)}

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (
            Config(space=Pictures(side=8), classes=("dark", "light", "none"), latent=4, width=16),
            Config(space=Points(), classes=("left", "right"), latent=2, width=16, batch_norm=False, dropout=0.0),
        )

    @classmethod
    def config_for(cls, info: DataInfo, **overrides: Any) -> Config:
        attribute = overrides.get("attribute", info.main_label)
        if attribute not in info.labels and "classes" not in overrides:
            known = f"choose one of {', '.join(info.labels)}" if info.labels else "choose data that are labelled"
            raise GenlibError(f"{cls.short} is told a label, and {info.title} has no {attribute or 'labels'}: {known}.")
        told = {"attribute": attribute, "classes": info.labels.get(attribute, ())}
        return super().config_for(info, **{**told, **overrides})

    @classmethod
    def needs(cls, config: Config) -> Needs:
        return Needs(labels={config.attribute: len(config.classes)})

    # --- Sampling ---

    @classmethod
    def controls_for(cls, config: Config) -> type[Controls]:
        return controls_with(config.classes)

    @classmethod
    def classes(cls, config: Config) -> Classes:
        return Classes(config.attribute, config.classes)

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        settings = self.set_by(controls)
        stream = Noise(seeds)
        z = stream.latent(self.z, settings.truncation)
        drawn = (stream.uniform() * len(self.config.classes)).long()  # after z, which a seed keeps under every class
        label = getattr(settings, "label", ANY)
        y = drawn if label == ANY else torch.full_like(drawn, self.config.classes.index(label))
        return self.made(self.here(z), self.here(y))

    def sample_classes(self, seeds: Seeds, y: Tensor, controls: contract.Controls | None = None) -> Tensor:
        return self.made(self.here(Noise(seeds).latent(self.z, self.set_by(controls).truncation)), self.here(y))

    @property
    def z(self) -> Latent:
        return Latent(self.config.latent, "gaussian")

    def made(self, z: Tensor, y: Tensor) -> Tensor:
        """G(z | y): x (B, *shape) from noise (B, Z) and classes int64 (B,)."""
        given = torch.cat([self.reference, self.joined(z, y)])
        return self.config.space.emit(self.generator(given)[-len(z) :]).unflatten(1, self.shape)

    def logits(self, x: Tensor, y: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """D's logit l(x | y) (B,), of x (B, *shape) and classes int64 (B,). `rng` draws the dropout while training."""
        x = self.config.space.centre(x)
        x = x.flatten(1) if self.config.network == "mlp" else x
        return self.discriminator(self.joined(x, y), rng).float().squeeze(1)

    def joined(self, x: Tensor, y: Tensor) -> Tensor:
        """Numbers or maps (B, N, ...) and beside them the class, a one among zeros: (B, N + K, ...)."""
        told = F.one_hot(y, len(self.config.classes)).to(x.dtype)
        return torch.cat([x, told.reshape(*told.shape, *[1] * (x.ndim - 2)).expand(-1, -1, *x.shape[2:])], 1)

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        betas = (0.5, training.beta2)
        return {
            "generator": Adam(self.generator.parameters(), training.generator_rate, betas, fused=True),
            "discriminator": Adam(self.discriminator.parameters(), training.discriminator_rate, betas, fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        # D, k times. Samples are asked for in the classes of the batch: both players see the data's law of y.
        for k in range(training.discriminator_steps):
            given = batch.fresh() if k else batch
            real, y = given.x, given.labels[self.config.attribute]
            fake = self.made(noise.draw(self.z, len(real), batch.rng), y)
            real_logits, fake_logits = self.logits(real, y, batch.rng), self.logits(fake.detach(), y, batch.rng)
            loss_d = discriminator_loss(real_logits, fake_logits, smoothing=training.smoothing)
            optimizers["discriminator"].zero_grad()
            loss_d.backward()
            optimizers["discriminator"].step()

        # G ascends log D(G(z | y) | y).
        optimizers["generator"].zero_grad()
        with frozen(self.discriminator):
            loss_g = F.softplus(-self.logits(fake, y, batch.rng)).mean()
            loss_g.backward()
        optimizers["generator"].step()

        return {
            "loss D": loss_d.detach(),
            "loss G": loss_g.detach(),
            "D(real)": torch.sigmoid(real_logits).mean().detach(),
            "D(fake)": torch.sigmoid(fake_logits).mean().detach(),
        }
