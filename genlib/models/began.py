"""Boundary equilibrium GAN: the discriminator is an autoencoder, and one number keeps the players in balance.

    Berthelot, Schumm, Metz, "BEGAN: Boundary Equilibrium Generative Adversarial Networks", 2017.
    https://arxiv.org/abs/1703.10717

D does not say real or made: it says a picture again, and is judged by how much it loses,

    L(v) = |v - D(v)|_1            per pixel here, so that rates and balance hold for any size

It learns to say real pictures well and made ones badly; G learns to make pictures that D says well (section 3.4):

    L_D = L(x) - k_t L(G(z))       for D
    L_G = L(G(z))                  for G
    k_{t+1} = k_t + lambda_k (gamma L(x) - L(G(z))),    clamped to [0, 1], k_0 = 0

gamma = E L(G(z)) / E L(x) is where the balance is held (section 3.3, the diversity ratio): low, D looks mostly at real
pictures and G's are clean but much alike; high, they vary more. While L(G(z)) is below gamma L(x), G is ahead, k rises
and D turns against it. k does what extra steps of one player do in other GANs, so there are none here. And as D's loss
on data falls while the balance holds, one number tells how far things are (section 3.4.1):

    M = L(x) + |gamma L(x) - L(G(z))|

For pictures only: an autoencoder of points in the plane needs no narrow middle, and one that may be the identity loses
nothing of anything.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract, noise
from genlib.contract import Batch, Criticises, Criticism, Decodes, HasPrior, Latent, Paper, Samples, Seeds, Trains
from genlib.models.base import Model
from genlib.nets import doubled
from genlib.noise import Noise
from genlib.spaces import Pictures


class Config(contract.Config):
    space: Pictures = Field(Pictures(), description="What it makes: pictures of a size")
    latent: int = Field(64, ge=1, le=512, description="Dimensions of the noise z, and of D's code h")
    width: int = Field(32, ge=4, le=128, description="Channels of G's layers, and of D's outermost ones (n)")
    depth: int = Field(2, ge=1, le=5, description="How often the side is doubled in G and halved in D")

    @model_validator(mode="after")
    def _halves(self) -> Config:
        if self.space.side % 2**self.depth or self.space.side < 4 * 2**self.depth:
            raise ValueError(
                f"a side of {self.space.side} pixels cannot be halved {self.depth} times and leave a whole number "
                "from 4 on: choose a smaller depth"
            )
        return self


class Training(contract.Training):
    generator_rate: float = Field(1e-4, gt=0, le=1, description="Learning rate of G")
    discriminator_rate: float = Field(1e-4, gt=0, le=1, description="Learning rate of D")
    gamma: float = Field(0.5, ge=0, le=1, description="Diversity ratio: D's loss on samples as a share of that on data")
    balance_rate: float = Field(0.001, ge=0, le=1, description="How fast the balance k follows the game (lambda_k)")


class Controls(contract.Controls):
    spread: float = Field(1.0, ge=0.1, le=1.0, description="Noise is drawn from [-this, this]: lower is less varied")


# --- Blocks (section 3.5, figure 1) ----------------------------------------------------------------------------------


class Decoder(nn.Module):
    """h (B, Z) -> picture (B, C, H, W), about [-1, 1]. G and D's decoder are two of these.

    Exponential linear units, and nearest neighbours for doubling the side. All scales but the first and the finest also
    see the first map h_0 again, enlarged (the paper's skip connections). At the finest, where the paper has two layers
    more, there is only the last one: they would cost as much as all others together.
    """

    def __init__(self, c: Config) -> None:
        super().__init__()
        n, side = c.width, c.space.side >> c.depth
        self.first = nn.Linear(c.latent, n * side**2)
        self.map = (n, side, side)
        self.blocks = nn.ModuleList()
        for i in range(c.depth):
            self.blocks.append(nn.Sequential(
                nn.Conv2d(2 * n if i else n, n, 3, padding=1), nn.ELU(),
                nn.Conv2d(n, n, 3, padding=1), nn.ELU(),
            ))  # fmt: skip
        self.last = nn.Conv2d(n, c.space.channels, 3, padding=1)

    def forward(self, h: Tensor) -> Tensor:
        first = self.first(h).unflatten(1, self.map).contiguous(memory_format=torch.channels_last)
        x = self.blocks[0](first)
        for i, block in enumerate(self.blocks[1:], 1):
            x = block(torch.cat([doubled(x), F.interpolate(first, scale_factor=float(2**i))], 1))
        return self.last(doubled(x)).float()


def encoder(c: Config) -> nn.Sequential:
    """Picture (B, C, H, W), about [-1, 1] -> h (B, Z). Channels grow linearly: n, 2n, 3n as the side halves."""
    n = c.width
    net = nn.Sequential(nn.Conv2d(c.space.channels, n, 4, stride=2, padding=1), nn.ELU())
    for i in range(1, c.depth):
        net.extend([
            nn.Conv2d(i * n, i * n, 3, padding=1), nn.ELU(),
            nn.Conv2d(i * n, (i + 1) * n, 4, stride=2, padding=1), nn.ELU(),
        ])  # fmt: skip
    inner = c.depth * n
    net.extend([
        nn.Conv2d(inner, inner, 3, padding=1), nn.ELU(),
        nn.Flatten(), nn.Linear(inner * (c.space.side >> c.depth) ** 2, c.latent),
    ])  # fmt: skip
    return net


# --- The balance, from D's losses on data and on samples -------------------------------------------------------------


def next_balance(k: Tensor, real: Tensor, fake: Tensor, gamma: float, rate: float) -> Tensor:
    """k_{t+1}, in [0, 1]."""
    return (k + rate * (gamma * real - fake)).clamp(0, 1)


def convergence(real: Tensor, fake: Tensor, gamma: float) -> Tensor:
    """M: how well D says real pictures, and how far from balance the players are."""
    return real + (gamma * real - fake).abs()


class BEGAN(Model[Config, Controls, Training], Samples, HasPrior, Decodes, Criticises, Trains[Training]):
    title = "Boundary equilibrium GAN"
    short = "BEGAN"
    idea = (
        "The discriminator is an autoencoder: what it can draw again with little loss counts as real. One number "
        "follows the game and keeps generator and discriminator in balance."
    )
    paper = Paper(
        "BEGAN: Boundary Equilibrium Generative Adversarial Networks",
        "Berthelot, Schumm & Metz", 2017, "https://arxiv.org/abs/1703.10717",
    )  # fmt: skip
    family = ("Implicit density", "Direct")
    unaveraged = frozenset({"balance"})

    balance: Tensor  # k_t

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.generator = Decoder(config)
        self.encoder = encoder(config)
        self.decoder = Decoder(config)
        self.register_buffer("balance", torch.zeros(()))

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (Config(space=Pictures(channels=3, side=16), latent=4, width=4),)

    # --- Sampling ---

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.latent, "uniform")

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.here(Noise(seeds).latent(self.latent(self.config)) * self.set_by(controls).spread)

    def decode(self, z: Tensor) -> Tensor:
        return ((self.generator(self.here(z)) + 1) / 2).clamp(0, 1)

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def criticise(self, x: Tensor) -> Criticism:
        return Criticism(self.error(self.config.space.centre(self.here(x))), "energy")

    def error(self, v: Tensor) -> Tensor:
        """L(v) (B,), what D loses per pixel of pictures v (B, C, H, W) in [-1, 1]."""
        return (v - self.decoder(self.encoder(v))).abs().flatten(1).mean(1)

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        discriminator = [*self.encoder.parameters(), *self.decoder.parameters()]
        betas = (0.5, 0.999)
        return {
            "generator": Adam(self.generator.parameters(), training.generator_rate, betas, fused=True),
            "discriminator": Adam(discriminator, training.discriminator_rate, betas, fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        z = noise.draw(self.latent(self.config), len(batch.x), batch.rng)
        for optimizer in optimizers.values():
            optimizer.zero_grad()

        # Both players need the gradient of L(G(z)), G times 1 and D times -k. So it is computed once, for all weights;
        # D's share is then multiplied by -k, and the gradient of L(x), which concerns D alone, is added to it.
        fake = self.error(self.generator(z)).mean()
        fake.backward()
        for group in optimizers["discriminator"].param_groups:
            for p in group["params"]:
                p.grad.mul_(-self.balance)  # a tensor: the device need not be waited for
        real = self.error(self.config.space.centre(batch.x)).mean()
        real.backward()
        for optimizer in optimizers.values():
            optimizer.step()

        real, fake = real.detach(), fake.detach()
        self.balance.copy_(next_balance(self.balance, real, fake, training.gamma, training.balance_rate))
        return {
            "L(x)": real,
            "L(G(z))": fake,
            "k": self.balance.clone(),
            "M": convergence(real, fake, training.gamma),
        }
