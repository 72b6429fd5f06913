"""Deep convolutional GAN.

    Radford, Metz, Chintala, "Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks", ICLR 2016. https://arxiv.org/abs/1511.06434

The game is Goodfellow's (gan.py): D descends -log D(x) - log(1 - D(G(z))), G descends -log D(G(z)). What is new is a
recipe for convolutional players that do not collapse (section 3):

    - strided convolutions in D, fractionally-strided (transposed) ones in G, and no pooling;
    - no fully connected hidden layers;
    - batch norm everywhere but at G's output and D's input;
    - ReLU in G with tanh at its output, LeakyReLU(0.2) in D;
    - weights from N(0, 0.02), Adam with rate 2e-4 and beta1 = 0.5 (section 4).

What G normalises by is a choice: batch norm has each picture depend on those that are made with it, and in small
batches they share a tint. A reference batch, drawn once, takes the others' place,

    Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen, "Improved Techniques for Training GANs", NIPS 2016 (section
        3.4; they too do it in G alone, since the reference batch is computed along). https://arxiv.org/abs/1606.03498

One thing more is optional and younger: where D would win too clearly and its gradient turn to noise, a penalty keeps it
flat around real pictures,

    R1 = gamma / 2 * E_x~data |grad_x l(x)|^2,    l the logit of D

    Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do actually Converge?", ICML 2018 (equation 9).
        https://arxiv.org/abs/1801.04406
    Karras, Laine, Aittala, Hellsten, Lehtinen, Aila, "Analyzing and Improving the Image Quality of StyleGAN", CVPR
        2020. https://arxiv.org/abs/1912.04958
        The penalty is dear, and does as well on one step in a few, with as many times the weight (appendix B).

x lies in [0, 1] here, so gamma counts four times what it does for pictures in [-1, 1].
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract, nets, noise
from genlib.contract import (
    MAX_SEED,
    Batch,
    Criticises,
    Criticism,
    Decodes,
    HasPrior,
    Latent,
    Paper,
    Samples,
    Seeds,
    Trains,
)
from genlib.models.base import Model
from genlib.models.gan import discriminator_loss, squared_slope
from genlib.nets import frozen, halvings
from genlib.noise import Noise
from genlib.spaces import Pictures

# Pictures of a reference batch. D never judges them, and they come to look like none: their seeds are nobody's.
REFERENCE = 32
LAZY = 4  # the penalty on D's slope is laid on one step in so many


Normalisation = Literal["batch", "reference", "virtual"]
NORMALISATION = (
    "What G takes a feature's mean and spread of: the batch, a reference batch that is drawn once, or that one and the "
    "picture itself"
)


class Config(contract.Config):
    space: Pictures = Field(Pictures(), description="Pictures, of a side that can be halved down to 4 to 7 pixels")
    latent: int = Field(100, ge=1, le=512, description="Dimensions of the noise z")
    generator_width: int = Field(64, ge=4, le=256, description="Channels of G's last hidden layer, doubled inwards")
    discriminator_width: int = Field(
        64, ge=4, le=256, description="Channels of D's first hidden layer, doubled inwards"
    )

    normalisation: Normalisation = Field("batch", description=NORMALISATION)

    @model_validator(mode="after")
    def _side(self) -> Config:
        halvings(self.space.side)
        return self


class Training(contract.Training):
    generator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of G")
    discriminator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of D")
    discriminator_steps: int = Field(1, ge=1, le=20, description="Steps of D, each on fresh data, for one of G")
    smoothing: float = Field(0.0, ge=0, le=0.5, description="D aims at 1 - this on real data, and at 0 on samples")
    gamma: float = Field(0.0, ge=0, le=100, description="Weight of the penalty on D's slope at real pictures (R1)")


class Controls(contract.Controls):
    truncation: float = Field(
        2.0, ge=0.1, le=3.0, description="Noise stays within this many standard deviations: lower is safer, less varied"
    )


# --- Blocks ----------------------------------------------------------------------------------------------------------


def norm(by: Normalisation, features: int) -> nn.Module:
    """What normalises a layer of G."""
    if by == "batch":
        return nn.BatchNorm2d(features)
    return nets.ReferenceNorm(features, REFERENCE, own=by == "virtual")


def generator(c: Config, given: int = 0) -> nn.Sequential:
    """z (B, Z, 1, 1) -> picture (B, C, H, W) in [-1, 1]. For 64 px: 4x4 -> 8x8 -> 16x16 -> 32x32 -> 64x64.

    `given`: how many numbers it reads beside z (cgan.py).
    """
    side, doublings = halvings(c.space.side)
    widths = [c.generator_width * 2**i for i in reversed(range(doublings))]  # e.g. 512, 256, 128, 64
    net = nn.Sequential(
        nn.ConvTranspose2d(c.latent + given, widths[0], side, bias=False),  # (B, 8w, 4, 4): the projection of z
        norm(c.normalisation, widths[0]),
        nn.ReLU(inplace=True),
    )
    for wide, narrow in pairwise(widths):
        net.extend([
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False),  # twice the side
            norm(c.normalisation, narrow),
            nn.ReLU(inplace=True),
        ])  # fmt: skip
    net.extend([nn.ConvTranspose2d(widths[-1], c.space.channels, 4, stride=2, padding=1), nn.Tanh()])
    return net


def reference(z: Latent, by: Normalisation) -> Tensor:
    """The noise of the reference batch, float32 (R, Z): REFERENCE rows, or none where there is no such batch."""
    with torch.device("cpu"):  # also where only an outline is made
        return Noise(range(MAX_SEED - REFERENCE, MAX_SEED)).latent(z)[: 0 if by == "batch" else REFERENCE]


def discriminator(c: Config, given: int = 0) -> nn.Sequential:
    """Picture (B, C, H, W) in [-1, 1] -> logit of D(x) (B, 1, 1, 1). The generator's mirror image.

    `given`: how many maps it reads beside the picture (cgan.py).
    """
    side, times = halvings(c.space.side)
    widths = [c.discriminator_width * 2**i for i in range(times)]  # e.g. 64, 128, 256, 512
    net = nn.Sequential(
        nn.Conv2d(c.space.channels + given, widths[0], 4, stride=2, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
    )
    for narrow, wide in pairwise(widths):
        net.extend([
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False),  # half the side
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2, inplace=True),
        ])  # fmt: skip
    net.append(nn.Conv2d(widths[-1], 1, side))  # the whole 4x4 map at once
    return net


def initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02), batch norm's scale from N(1, 0.02) (section 4)."""
    nets.initialise(module)
    if isinstance(module, nn.BatchNorm2d | nets.ReferenceNorm):
        nn.init.normal_(module.weight, 1.0, 0.02)


class DCGAN(Model[Config, Controls, Training], Samples, HasPrior, Decodes, Criticises, Trains[Training]):
    title = "Deep convolutional GAN"
    short = "DCGAN"
    idea = (
        "The adversarial game with convolutional players: the generator paints from a coarse map of 4 x 4 to the full "
        "picture, the discriminator looks through strided convolutions."
    )
    paper = Paper(
        "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks",
        "Radford, Metz & Chintala", 2016, "https://arxiv.org/abs/1511.06434",
    )  # fmt: skip
    family = ("Implicit density", "Direct")

    reference: Tensor  # (R, Z)

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.generator = generator(config).apply(initialise)
        self.discriminator = discriminator(config).apply(initialise)
        self.keep_constants()

    def constants(self) -> Mapping[str, Tensor]:
        return {"reference": reference(self.latent(self.config), self.config.normalisation)}

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (Config(space=Pictures(channels=3, side=16), latent=4, generator_width=4, discriminator_width=4),)

    # --- Sampling ---

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.latent, "gaussian")

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        truncation = self.set_by(controls).truncation
        return self.here(Noise(seeds).latent(self.latent(self.config), truncation))

    def decode(self, z: Tensor) -> Tensor:
        given = torch.cat([self.reference, self.here(z)])
        return (self.generator(given[:, :, None, None])[-len(z) :] + 1) / 2

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def criticise(self, x: Tensor) -> Criticism:
        return Criticism(torch.sigmoid(self.logits(self.here(x))), "probability")

    def logits(self, x: Tensor) -> Tensor:
        """D's logit l(x) (B,)."""
        return self.discriminator(self.config.space.centre(x)).float().flatten()

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        betas = (0.5, 0.999)
        return {
            "generator": Adam(self.generator.parameters(), training.generator_rate, betas, fused=True),
            "discriminator": Adam(self.discriminator.parameters(), training.discriminator_rate, betas, fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        # D ascends log D(x) + log(1 - D(G(z))), k times. Real and made pictures go through apart, each with their own
        # batch norm, so a picture's slope contains its influence on the rest of its batch.
        penalised = training.gamma > 0 and batch.step % LAZY == 0
        for k in range(training.discriminator_steps):
            real = (batch.fresh().x if k else batch.x).requires_grad_(penalised)
            fake = self.decode(noise.draw(self.latent(self.config), len(real), batch.rng))
            real_logits, fake_logits = self.logits(real), self.logits(fake.detach())
            loss_d = objective = discriminator_loss(real_logits, fake_logits, smoothing=training.smoothing)
            if penalised:
                objective = loss_d + LAZY * training.gamma / 2 * squared_slope(real_logits, real)
            optimizers["discriminator"].zero_grad()
            objective.backward()
            optimizers["discriminator"].step()

        # G ascends log D(G(z)).
        optimizers["generator"].zero_grad()
        with frozen(self.discriminator):
            loss_g = F.softplus(-self.logits(fake)).mean()
            loss_g.backward()
        optimizers["generator"].step()

        return {
            "loss D": loss_d.detach(),
            "loss G": loss_g.detach(),
            "D(real)": torch.sigmoid(real_logits).mean().detach(),
            "D(fake)": torch.sigmoid(fake_logits).mean().detach(),
        }
