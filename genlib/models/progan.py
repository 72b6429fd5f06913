"""Progressive GAN: both players begin with tiny pictures, and layers for finer detail are faded in as they learn.

    Karras, Aila, Laine, Lehtinen, "Progressive Growing of GANs for Improved Quality, Stability, and Variation",
        ICLR 2018. https://arxiv.org/abs/1710.10196
    Gulrajani, Ahmed, Arjovsky, Dumoulin, Courville, "Improved Training of Wasserstein GANs", NIPS 2017.
        https://arxiv.org/abs/1704.00028
        The game (see wgan.py): a critic f whose slope is held at 1.

To make a large picture at once is hard: wherever the two laws differ the critic tells them apart by detail, and G hears
little of what a picture should show as a whole. So the players first play for 4 x 4 pixels, whose law is soon learned,
then for 8 x 8, and so on; what is coarse is settled before what is fine is begun, and most steps are cheap (section 2).

New layers are faded in, or they would be a shock to those that have learned. While stage k comes (figure 2),

    G gives   (1 - a) up(rgb_{k-1}(h_{k-1}))      +  a rgb_k(block_k(up(h_{k-1}))),
    f reads   (1 - a) from_{k-1}(down(v))         +  a down(block_k(from_k(v))),
    data are  (1 - a) up(down(x_k))               +  a x_k,

with a rising from 0 to 1. One number says how far it has come: `grown` = k - 1 + a, which moves with the steps.

Three more things of the paper keep the players healthy:
    equalised rates   weights are N(0, 1), and each layer multiplies them by what He's initialisation would have begun
                      with: so Adam, which moves all alike, moves all by the same share (section 4.1)
    pixel norm        G's features at each pixel are brought to length sqrt(C): they cannot escalate (section 4.2)
    spread            the critic sees how much the pictures of its batch differ, and with it a collapse (section 3)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract, noise
from genlib.contract import Batch, Decodes, HasPrior, Latent, Paper, Samples, Seeds, Trains
from genlib.models.base import Model
from genlib.nets import doubled, frozen, halvings
from genlib.noise import Noise
from genlib.spaces import Pictures


class Config(contract.Config):
    space: Pictures = Field(Pictures(), description="What it makes: pictures of a size")
    latent: int = Field(64, ge=1, le=512, description="Dimensions of the noise z")
    width: int = Field(16, ge=4, le=128, description="Channels next to the pixels; twice as many at half the side")
    most: int = Field(128, ge=4, le=512, description="Most channels of a layer")

    @model_validator(mode="after")
    def _halves(self) -> Config:
        halvings(self.space.side)
        return self

    @property
    def channels(self) -> list[int]:
        """Of each stage, from the coarsest on, e.g. for 64 x 64 pixels 128, 128, 64, 32, 16 at 4, 8, 16, 32, 64."""
        times = halvings(self.space.side)[1]
        return [min(self.most, self.width * 2 ** (times - stage)) for stage in range(times + 1)]


class Training(contract.Training):
    generator_rate: float = Field(1e-3, gt=0, le=1, description="Learning rate of G")
    critic_rate: float = Field(1e-3, gt=0, le=1, description="Learning rate of the critic")
    growth: float = Field(0.7, gt=0, le=1, description="Share of the steps at whose end the last layers are all in")
    penalty: float = Field(10.0, ge=0, le=1000, description="Weight of the penalty on slopes other than 1 (lambda)")
    drift: float = Field(1e-3, ge=0, le=1, description="Weight of f(x)^2, which keeps the critic's values near 0")


class Controls(contract.Controls):
    truncation: float = Field(
        2.0, ge=0.1, le=3.0, description="Noise stays within this many standard deviations: lower is safer, less varied"
    )


# --- Blocks ----------------------------------------------------------------------------------------------------------


class Equalised(nn.Module):
    """A convolution of h (B, inputs, H, W), or of whole maps where `kernel` is the side: its weights are N(0, 1), and
    scaled by gain / sqrt(what each output sums up) at every use."""

    def __init__(self, inputs: int, outputs: int, kernel: int, gain: float = math.sqrt(2), padding: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale, self.padding = gain / math.sqrt(inputs * kernel**2), padding

    def forward(self, h: Tensor) -> Tensor:
        return F.conv2d(h, self.scale * self.weight, self.bias, padding=self.padding)


class PixelNorm(nn.Module):
    """h (B, C, ...) -> the same shape: at each pixel divided by its root mean square over the channels."""

    def forward(self, h: Tensor) -> Tensor:
        return h * (h.float().square().mean(1, keepdim=True) + 1e-8).rsqrt().to(h.dtype)


class Spread(nn.Module):
    """h (B, C, H, W) -> (B, C + 1, H, W): with the standard deviation over the batch, its mean over all numbers, as one
    more channel that is the same everywhere."""

    def forward(self, h: Tensor) -> Tensor:
        spread = (h.float().var(0, correction=0) + 1e-8).sqrt().mean().to(h.dtype)
        return torch.cat([h, spread.expand(len(h), 1, *h.shape[2:])], 1)


def plain(inputs: int, outputs: int, kernel: int, padding: int) -> list[nn.Module]:
    return [Equalised(inputs, outputs, kernel, padding=padding), nn.LeakyReLU(0.2)]


def normed(inputs: int, outputs: int, kernel: int, padding: int) -> list[nn.Module]:
    return [*plain(inputs, outputs, kernel, padding), PixelNorm()]


def halved(v: Tensor) -> Tensor:
    """Maps of half the side: means of 2 x 2."""
    return F.avg_pool2d(v, 2)


def stage(grown: float) -> tuple[int, float]:
    """The stage k that is on top, and its share a, in (0, 1]: 1.25 -> (2, 0.25), 2.0 -> (2, 1.0), 0.0 -> (0, 1.0)."""
    k = math.ceil(grown)
    return k, grown - k + 1 if k else 1.0


class Generator(nn.Module):
    """z (B, Z) -> v (B, C, s, s), about [-1, 1], of the side of the stage it has grown to."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        first, n = halvings(c.space.side)[0], c.channels
        # Whole maps of a single pixel: padding makes them `first` pixels wide.
        self.blocks = nn.ModuleList(
            [nn.Sequential(PixelNorm(), *normed(c.latent, n[0], first, first - 1), *normed(n[0], n[0], 3, 1))]
        )
        self.blocks.extend(nn.Sequential(*normed(a, b, 3, 1), *normed(b, b, 3, 1)) for a, b in pairwise(n))
        self.colours = nn.ModuleList(Equalised(a, c.space.channels, 1, gain=1.0) for a in n)  # rgb_k

    def forward(self, z: Tensor, grown: float) -> Tensor:
        k, a = stage(grown)
        h = self.blocks[0](z[:, :, None, None])
        for block in self.blocks[1:k]:
            h = block(doubled(h))
        if not k:
            return self.colours[0](h).float()
        v = self.colours[k](self.blocks[k](doubled(h))).float()
        return v if a == 1 else torch.lerp(doubled(self.colours[k - 1](h).float()), v, a)


class Critic(nn.Module):
    """v (B, C, s, s) of that side -> f(v) (B,). It sees pictures together (Spread): they have no values alone."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        first, n = halvings(c.space.side)[0], c.channels
        self.colours = nn.ModuleList(nn.Sequential(*plain(c.space.channels, a, 1, 0)) for a in n)  # from_k
        self.blocks = nn.ModuleList(
            [
                nn.Sequential(
                    Spread(), *plain(n[0] + 1, n[0], 3, 1), *plain(n[0], n[0], first, 0), Equalised(n[0], 1, 1, 1.0)
                )
            ]
        )
        self.blocks.extend(nn.Sequential(*plain(b, b, 3, 1), *plain(b, a, 3, 1)) for a, b in pairwise(n))

    def forward(self, v: Tensor, grown: float) -> Tensor:
        k, a = stage(grown)
        h = self.colours[k](v)
        for i in range(k, 0, -1):
            h = halved(self.blocks[i](h))
            if i == k and a < 1:
                h = torch.lerp(self.colours[k - 1](halved(v)), h, a)
        return self.blocks[0](h).float().flatten()


class ProgressiveGAN(Model[Config, Controls, Training], Samples, HasPrior, Decodes, Trains[Training]):
    title = "Progressive GAN"
    idea = (
        "Generator and critic begin with pictures of a few pixels. Layers for finer detail are faded in one after "
        "another, so that what is coarse is settled before what is fine is learned."
    )
    paper = Paper(
        "Progressive Growing of GANs for Improved Quality, Stability, and Variation",
        "Karras, Aila, Laine & Lehtinen", 2018, "https://arxiv.org/abs/1710.10196",
    )  # fmt: skip
    family = ("Implicit density", "Direct")
    unaveraged = frozenset({"grown"})

    grown: Tensor  # k - 1 + a

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.generator, self.critic = Generator(config), Critic(config)
        self.register_buffer("grown", torch.zeros(()))
        # As loading has it: sums over channels would round otherwise in another layout.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's annotations

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (Config(space=Pictures(channels=3, side=8), latent=4, width=4, most=8),)

    # --- Sampling ---

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.latent, "gaussian")

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.here(Noise(seeds).latent(self.latent(self.config), self.set_by(controls).truncation))

    def decode(self, z: Tensor) -> Tensor:
        """While it is young, pictures of large squares: x (B, *shape) always has its full size."""
        v = self.generator(self.here(z), self.grown.item())
        return ((F.interpolate(v, size=self.shape[1:]) + 1) / 2).clamp(0, 1)

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    # --- Training ---

    def grow(self, done: float, growth: float) -> float:
        """How far it is grown after a share `done` of the steps: never less than before, as for a model that goes on
        learning. Stage 0 stays a while, then each next one is faded in for as long, and stays as long (section 2)."""
        stages = len(self.config.channels) - 1
        waited, phase = math.modf(2 * stages * min(1.0, done / growth))
        so_far = phase // 2 + (waited if phase % 2 else 0.0)
        return max(self.grown.item(), so_far)

    def real(self, x: Tensor, grown: float) -> Tensor:
        """The data x (B, *shape) as pictures of the size that it has grown to, in [-1, 1]."""
        k, a = stage(grown)
        v = self.config.space.centre(x)
        for _ in range(len(self.config.channels) - 1 - k):
            v = halved(v)
        return v if a == 1 else torch.lerp(doubled(halved(v)), v, a)

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        betas = (0.0, 0.99)
        return {
            "generator": Adam(self.generator.parameters(), training.generator_rate, betas, fused=True),
            "critic": Adam(self.critic.parameters(), training.critic_rate, betas, fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        grown = self.grow((batch.step + 1) / batch.steps, training.growth)
        self.grown.fill_(grown)

        # f ascends E f(x) - E f(G(z)), with its slope held at 1.
        real = self.real(batch.x, grown)
        z = noise.draw(self.latent(self.config), len(real), batch.rng)
        fake = self.generator(z, grown)
        of_real = self.critic(real, grown)
        distance = of_real.mean() - self.critic(fake.detach(), grown).mean()
        t = torch.rand((len(real), 1, 1, 1), generator=batch.rng, device=real.device)
        penalty = self.penalty(torch.lerp(fake.detach(), real, t), grown)
        optimizers["critic"].zero_grad()
        (-distance + training.penalty * penalty + training.drift * of_real.square().mean()).backward()
        optimizers["critic"].step()

        # G descends -E f(G(z)).
        optimizers["generator"].zero_grad()
        with frozen(self.critic):
            loss_g = -self.critic(fake, grown).mean()
            loss_g.backward()
        optimizers["generator"].step()
        return {"distance": distance.detach(), "loss G": loss_g.detach(), "grown": self.grown.clone()}

    def penalty(self, v: Tensor, grown: float) -> Tensor:
        """E (|grad f| - 1)^2 at pictures v (B, C, s, s)."""
        v = v.requires_grad_()
        (slope,) = torch.autograd.grad(self.critic(v, grown).sum(), v, create_graph=True)
        return (slope.flatten(1).norm(dim=1) - 1).square().mean()
