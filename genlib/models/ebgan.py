"""Energy-based GAN: the discriminator is an energy, low where data lies; here an autoencoder's reconstruction error.

    Zhao, Mathieu, LeCun, "Energy-based Generative Adversarial Network", ICLR 2017. https://arxiv.org/abs/1609.03126

D gives no probability but an energy (section 2.3)

    D(x) = |Dec(Enc(x)) - x|^2        the mean over the numbers of x here, so that a margin holds for any size

An autoencoder has its own way to keep most x at high energy: it can say only so much again. D lowers the energy of data
and raises that of samples, up to a margin m beyond which a sample is bad enough (equations 1 and 2, [.]+ = max(0, .)):

    L_D = D(x) + [m - D(G(z))]+
    L_G = D(G(z))

At the best of it G's law is the data's (theorem 1). Every number of a picture tells D and G something, where a logit is
one bit of it. A pulling-away term keeps the samples of a batch from growing alike (section 2.4): with S the codes
Enc(G(z)) of N samples,

    f_PT(S) = 1 / (N (N - 1)) sum_i sum_{j != i} (S_i . S_j / |S_i| |S_j|)^2        added to L_G with a weight (0.1)

On points of the plane no middle is narrow. That samples must be said again badly is then all that keeps D from
being the identity, and the pulling-away term what keeps G from staying at the few places it found first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract, noise
from genlib.contract import Batch, Criticises, Criticism, Decodes, HasPrior, Latent, Paper, Samples, Seeds, Trains
from genlib.models.base import Model
from genlib.models.gan import Players, generator, hidden
from genlib.nets import frozen
from genlib.noise import Noise
from genlib.spaces import Pictures, Points


class Config(Players):
    code: int = Field(32, ge=1, le=512, description="Numbers in which D says a picture again")


class Training(contract.Training):
    generator_rate: float = Field(5e-4, gt=0, le=1, description="Learning rate of G")
    discriminator_rate: float = Field(5e-4, gt=0, le=1, description="Learning rate of D")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's memory of squared gradients")
    margin: float = Field(0.05, gt=0, le=4, description="Energy beyond which a sample is bad enough (m)")
    pull: float = Field(0.1, ge=0, le=10, description="Weight of the term that pulls samples of a batch apart")


class Controls(contract.Controls):
    truncation: float = Field(
        2.0, ge=0.1, le=3.0, description="Noise stays within this many standard deviations: lower is safer, less varied"
    )


# --- Blocks: fully connected. x (B, *shape), pictures in [-1, 1] -> code (B, K) -> x; z (B, Z) -> x ------------------


def encoder(c: Config) -> nn.Sequential:
    inner, outer = hidden(c)
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(c.space.size, outer), nn.ReLU(),
        nn.Linear(outer, inner), nn.ReLU(),
        nn.Linear(inner, c.code),
    )  # fmt: skip


def last(c: Config) -> list[nn.Module]:
    return [nn.Tanh() if isinstance(c.space, Pictures) else nn.Identity(), nn.Unflatten(1, c.space.shape)]


def decoder(c: Config) -> nn.Sequential:
    inner, outer = hidden(c)
    return nn.Sequential(
        nn.Linear(c.code, inner), nn.ReLU(),
        nn.Linear(inner, outer), nn.ReLU(),
        nn.Linear(outer, c.space.size), *last(c),
    )  # fmt: skip


# --- Objective -------------------------------------------------------------------------------------------------------


def pulling_away(s: Tensor) -> Tensor:
    """f_PT of codes s (N, K), N > 1: the mean squared cosine between two of them, 0 where all stand at right angles."""
    cosines = F.normalize(s, dim=1) @ F.normalize(s, dim=1).T
    n = len(s)
    return (cosines.square().sum() - n) / (n * (n - 1))


class EBGAN(Model[Config, Controls, Training], Samples, HasPrior, Decodes, Criticises, Trains[Training]):
    title = "Energy-based GAN"
    short = "EBGAN"
    idea = (
        "The discriminator gives each picture an energy: how badly it can say the picture again. It learns low energy "
        "for data and high energy for samples, and the generator moves its samples to where the energy is low."
    )
    paper = Paper(
        "Energy-based Generative Adversarial Network", "Zhao, Mathieu & LeCun", 2017, "https://arxiv.org/abs/1609.03126"
    )
    family = ("Implicit density", "Direct")
    points: ClassVar = {
        "latent": 2, "width": 128, "code": 32, "batch_norm": False,
        "generator_rate": 1e-3, "discriminator_rate": 1e-3, "beta2": 0.99, "margin": 0.1, "pull": 0.5,
    }  # fmt: skip

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.generator = nn.Sequential(*generator(config), *last(config))
        self.encoder, self.decoder = encoder(config), decoder(config)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (
            Config(space=Pictures(side=8), latent=4, width=16, code=3),
            Config(space=Points(), latent=2, width=16, code=2, batch_norm=False),
        )

    # --- Sampling ---

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.latent, "gaussian")

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.here(Noise(seeds).latent(self.latent(self.config), self.set_by(controls).truncation))

    def decode(self, z: Tensor) -> Tensor:
        x = self.generator(self.here(z)).float()
        return (x + 1) / 2 if isinstance(self.config.space, Pictures) else x

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def criticise(self, x: Tensor) -> Criticism:
        return Criticism(self.energy(self.config.space.centre(self.here(x)))[0], "energy")

    def energy(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """D(x) (B,) of pictures in [-1, 1], and the codes Enc(x) (B, K) by the way."""
        code = self.encoder(x)
        return (self.decoder(code).float() - x).square().flatten(1).mean(1), code.float()

    # --- Training (section 2) ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        betas = (0.5, training.beta2)
        discriminator = [*self.encoder.parameters(), *self.decoder.parameters()]
        return {
            "generator": Adam(self.generator.parameters(), training.generator_rate, betas, fused=True),
            "discriminator": Adam(discriminator, training.discriminator_rate, betas, fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        real = self.config.space.centre(batch.x)
        fake = self.generator(noise.draw(self.latent(self.config), len(real), batch.rng)).float()

        # D: data low, samples high, and no higher than the margin.
        of_real, of_fake = self.energy(real)[0], self.energy(fake.detach())[0]
        loss_d = of_real.mean() + F.relu(training.margin - of_fake).mean()
        optimizers["discriminator"].zero_grad()
        loss_d.backward()
        optimizers["discriminator"].step()

        # G: samples low, and their codes apart.
        optimizers["generator"].zero_grad()
        with frozen(self.encoder), frozen(self.decoder):
            energy, codes = self.energy(fake)
            pull = pulling_away(codes) if len(codes) > 1 else energy.new_zeros(())
            (energy.mean() + training.pull * pull).backward()
        optimizers["generator"].step()
        return {
            "energy of data": of_real.mean().detach(),
            "energy of samples": of_fake.mean().detach(),
            "pulling away": pull.detach(),
        }
