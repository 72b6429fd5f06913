"""Real NVP: an invertible network between data and noise, whose change of volume is known at every point.

    Dinh, Sohl-Dickstein, Bengio, "Density Estimation Using Real NVP", ICLR 2017. https://arxiv.org/abs/1605.08803
    Dinh, Krueger, Bengio, "NICE: Non-linear Independent Components Estimation", 2014. https://arxiv.org/abs/1410.8516
        The coupling layer, at first additive (section 3.2), and a scale for each number of z at the end (section 3.3).
    Theis, van den Oord, Bethge, "A Note on the Evaluation of Generative Models", ICLR 2016.
        https://arxiv.org/abs/1511.01844
        Uniform noise in the steps of 8-bit pictures (section 3.1).

If z = f(x) is invertible and z ~ N(0, I), the density of x is that of z times how much f stretches the space at x,

    log p(x) = log N(f(x); 0, I) + log |det df/dx|                                                       (equation 3)

f is a chain of coupling layers. Each keeps a half of the numbers, b x with a mask b of zeros and ones, and moves the
other half by what two networks s, t make of the first (equation 9):

    y = b x + (1 - b) (x exp(s(b x)) + t(b x)),        log |det dy/dx| = sum (1 - b) s(b x)

The half that was kept says what happened to the other, so x = (y - t(b y)) exp(-s(b y)) wherever b = 0: the inverse is
exact and costs the same. s and t themselves need no inverse and may be any network.

Which half: on points, the one coordinate and the other in turn. On pictures, a squeeze first makes each 2 x 2 square of
pixels four channels at half the side; then channels 0 and 3 of each four, which are the black fields of a checkerboard
(section 3.4), and after that the first half of the channels, each in turn with the other half. So all networks run at
half the side, where the paper's for the checkerboard run at the whole one. Then half of the channels is done and is a
part of z, and the other half is squeezed again (the multi-scale architecture, section 3.6).

The paper's batch norm, between the layers and within s and t (section 3.7), is left out: while training, it would make
the density of a picture depend on its batch. In its place the scale of each number of z begins as the first batch has
it, and s and t have layer norm over the channels of each pixel, with which they learn faster (Ba, Kiros, Hinton,
2016, https://arxiv.org/abs/1607.06450).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract
from genlib.contract import (
    Batch,
    Decodes,
    Encodes,
    HasPrior,
    Latent,
    LogProb,
    Paper,
    Samples,
    Scores,
    Seeds,
    Trains,
    Unrolls,
    Warps,
)
from genlib.models.base import Model, last
from genlib.nets import Constants
from genlib.noise import Noise
from genlib.spaces import Pictures, Points

# Pixels are drawn in to [ALPHA, 1 - ALPHA], so that their logits are finite (section 4.1). The paper's 0.05 squeezes
# black into a fiftieth of a logit, which takes long to learn; this gives it eight times as much room. Much less would
# bend the uniform noise in a step, which costs bits: 0.01 for each black pixel here, 0.34 at 1e-6.
ALPHA = 0.005

# Points that the layers see at once. What lies between two layers is then small enough to be kept for the next ones:
# asking the system for memory anew takes up to a third of the time (benchmarks/flows.py).
PART = 2048

Half = Literal["even", "checkerboard", "channels"]


class Config(contract.Config):
    coupling: Literal["affine", "additive"] = Field(
        "affine", description="Scale and shift (Real NVP), or shift alone (NICE), which keeps volumes"
    )
    levels: int = Field(2, ge=1, le=5, description="How often pictures are squeezed; points have one level")
    layers: int = Field(6, ge=2, le=32, description="Coupling layers of each level")
    width: int = Field(32, ge=4, le=1024, description="Channels (pictures) or units (points) of the networks s and t")
    depth: int = Field(2, ge=1, le=8, description="Residual blocks (pictures) or hidden layers (points) of s and t")

    @model_validator(mode="after")
    def _fits(self) -> Config:
        if isinstance(self.space, Points):
            if self.space.dims < 2:
                raise ValueError("a coupling layer moves one half by the other: it takes points of 2 dimensions")
            return self
        if self.space.side % 2**self.levels:
            raise ValueError(f"a side of {self.space.side} pixels cannot be halved {self.levels} times: fewer levels")
        if self.width > 256:
            raise ValueError("width is at most 256 on pictures")
        return self


class Training(contract.Training):
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Adam's learning rate")
    clip: float = Field(100.0, gt=0, le=1e6, description="Longest gradient, in nats: longer ones are shortened to it")


class Controls(contract.Controls):
    temperature: float = Field(
        1.0, ge=0, le=1.5, description="Standard deviation of the draws of z: 1 is the prior, lower is more typical"
    )


# --- Blocks ----------------------------------------------------------------------------------------------------------


class PixelNorm(nn.LayerNorm):
    """h (B, W, H, W) -> the same shape: each pixel's channels have mean 0 and variance 1, then a learned scale and
    shift."""

    def forward(self, h: Tensor) -> Tensor:
        return super().forward(h.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Residual(nn.Module):
    """h (B, W, H, W) -> the same shape: what two convolutions find is added to h. At first they find nothing."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList([PixelNorm(width), PixelNorm(width)])
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, h: Tensor) -> Tensor:
        before, between = self.norms
        return h + self.second(F.relu(between(self.first(F.relu(before(h))))))


class SiLU(nn.Module):
    """h sigmoid(h); without gradients in the place of h, as new memory is half of what it costs."""

    def forward(self, h: Tensor) -> Tensor:
        return F.silu(h, inplace=not torch.is_grad_enabled())


def network(c: Config, shape: tuple[int, ...]) -> nn.Sequential:
    """What sees the kept half, (B, *shape), and says t, and s where there is one: (B, 1 or 2 times shape[0], ...).

    Its last layer begins at zero: every coupling layer is the identity at first.
    """
    out = shape[0] * (2 if c.coupling == "affine" else 1)
    last: nn.Linear | nn.Conv2d
    if len(shape) == 1:
        net, last = nn.Sequential(nn.Linear(shape[0], c.width)), nn.Linear(c.width, out)
        for _ in range(c.depth - 1):
            net.extend([SiLU(), nn.Linear(c.width, c.width)])
        net.extend([SiLU(), last])
    else:
        net, last = nn.Sequential(nn.Conv2d(shape[0], c.width, 3, padding=1)), nn.Conv2d(c.width, out, 3, padding=1)
        net.extend([*(Residual(c.width) for _ in range(c.depth)), nn.ReLU(), last])
    for p in last.parameters():
        nn.init.zeros_(p)
    # As loading has them: in another layout they would round otherwise.
    return net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in torch's annotations


class Coupling(Constants):
    """One coupling layer, x (B, *shape) -> y (B, *shape), which keeps the half where its mask is 1."""

    mask: Tensor
    moved: Tensor  # 1 where the network's numbers count

    def __init__(self, c: Config, shape: tuple[int, ...], kept: Half, other: bool) -> None:
        """other: that half is moved, and the other one kept."""
        super().__init__()
        self.shape, self.kept, self.other, self.affine = shape, kept, other, c.coupling == "affine"
        self.network = network(c, shape)
        if self.affine:
            self.reach = nn.Parameter(torch.ones(shape[0], *[1] * (len(shape) - 1)))  # |s| stays below it
        self.keep_constants()

    def constants(self) -> Mapping[str, Tensor]:
        mask, moved = self.side(not self.other), self.side(self.other)
        return {"mask": mask, "moved": moved.repeat(2 if self.affine else 1, *[1] * (len(self.shape) - 1))}

    def side(self, chosen: bool) -> Tensor:
        """1 on the half that `kept` names where it is the chosen one, else on the other one."""
        mask = torch.full((self.shape[0], *[1] * (len(self.shape) - 1)), float(not chosen))
        match self.kept:
            case "even":
                mask[::2] = float(chosen)
            case "checkerboard":  # four channels are a square's upper left, upper right, lower left and lower right
                mask[::4] = float(chosen)
                mask[3::4] = float(chosen)
            case "channels":
                mask[: self.shape[0] // 2] = float(chosen)
        return mask

    def scale_and_shift(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        """s and t, each (B, *shape), from b x or b y, which are the same; both 0 on the half that is kept."""
        out = self.moved * self.network(kept).to(kept.dtype)  # the networks may compute in bfloat16, volumes may not
        if not self.affine:
            return torch.zeros_like(out), out
        raw, t = out.chunk(2, 1)
        # torch's tanh is many times slower on what has gaps, as each half of `out` has.
        return self.reach * torch.tanh(raw.contiguous()), t

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """y, and log |det dy/dx| (B,)."""
        s, t = self.scale_and_shift(self.mask * x)
        return torch.addcmul(t, x, s.exp()), s.flatten(1).sum(1)

    def inverse(self, y: Tensor) -> Tensor:
        s, t = self.scale_and_shift(self.mask * y)
        return (y - t) * (-s).exp()


class RealNVP(
    Model[Config, Controls, Training], Samples, Unrolls, HasPrior, Decodes, Encodes, Scores, Warps, Trains[Training]
):
    title = "Real NVP"
    idea = (
        "A network that can be run backwards turns pictures into plain noise, and noise into pictures. Each of its "
        "layers says how much it stretches space, so that the density of every picture is known exactly."
    )
    paper = Paper(
        "Density Estimation Using Real NVP", "Dinh, Sohl-Dickstein & Bengio", 2017, "https://arxiv.org/abs/1605.08803"
    )
    family = ("Explicit density", "Tractable", "Change of variables")
    recipe: ClassVar = {"warmup": 0.02, "cooldown": 0.9, "fall": "cosine"}
    points: ClassVar = {"layers": 8, "width": 64}

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.levels = nn.ModuleList()
        for shape in self.shapes:
            first: Half = "even" if len(shape) == 1 else "checkerboard"
            then: Half = "even" if len(shape) == 1 else "channels"
            kept = [first if 2 * i <= config.layers - 1 else then for i in range(config.layers)]
            self.levels.append(
                nn.ModuleList(Coupling(config, shape, kept[i], i % 2 == 1) for i in range(config.layers))
            )
        # The scale of each number of z (NICE, 3.3), and with it where its middle is.
        self.middle = nn.Parameter(torch.zeros(config.space.size))
        self.log_scale = nn.Parameter(torch.zeros(config.space.size))

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (
            Config(space=Pictures(channels=3, side=8), levels=2, layers=2, width=4, depth=1),
            Config(space=Points(), coupling="additive", layers=4, width=8),
        )

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of what the coupling layers of each level see."""
        space = self.config.space
        if isinstance(space, Points):
            return [space.shape]
        # A squeeze makes four times as many channels, and half of them go on: twice as many a level.
        return [
            (4 * space.channels * 2**level, space.side >> level + 1, space.side >> level + 1)
            for level in range(self.config.levels)
        ]

    @property
    def couplings(self) -> list[list[Coupling]]:
        """The layers of each level."""
        return [list(layers) for layers in self.levels]  # type: ignore[call-overload]  # torch tells Modules only

    # --- The change of variables ---

    def forward(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """z (B, Z) and log |det dz/dy| (B,), for y (B, *shape), any real numbers."""
        for parts, log_det in self.forwards(y):
            z, stretched = parts[-1], log_det
        return z, stretched

    def forwards(self, y: Tensor) -> Iterator[tuple[list[Tensor], Tensor]]:
        """The way from y to z: before the first coupling layer, after each one and at the end, what there is, those
        parts first that are done, and log |det| of the way so far (B,). At the end there is one part: z (B, Z)."""
        done: list[Tensor] = []
        log_det = y.new_zeros(len(y))
        yield [y], log_det
        for level, layers in enumerate(self.couplings):
            if level:
                y, out = y.chunk(2, 1)
                done.append(out.flatten(1))
            if isinstance(self.config.space, Pictures):
                y = F.pixel_unshuffle(y, 2)
            for layer in layers:
                y, stretched = layer(y)
                log_det = log_det + stretched
                yield [*done, y], log_det
        z = torch.cat([*done, y.flatten(1)], 1)
        yield [(z - self.middle) * self.log_scale.exp()], log_det + self.log_scale.sum()

    def backwards(self, z: Tensor) -> Iterator[tuple[Tensor, int, list[Tensor]]]:
        """The way from z (B, Z) to y: before each coupling layer and at the end, what there is of y, the level it is
        at, and what waits to join it at lower levels."""
        z = z * (-self.log_scale).exp() + self.middle
        shapes = self.shapes
        waiting = [(shape[0] // 2, *shape[1:]) for shape in shapes[:-1]]
        *outs, y = z.split([math.prod(shape) for shape in (*waiting, shapes[-1])], 1)
        parts = [out.unflatten(1, shape) for out, shape in zip(outs, waiting, strict=True)]
        y = y.unflatten(1, shapes[-1])
        for level in reversed(range(len(shapes))):
            for layer in reversed(self.couplings[level]):
                yield y, level, parts
                y = layer.inverse(y)
            if level:
                y = torch.cat([F.pixel_shuffle(y, 2), parts.pop()], 1)
        yield y, 0, parts

    def from_x(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """y (B, *shape) and log |det dy/dv| (B,). Points are y already; pictures, here v in (0, 1), are brought to
        logits (section 4.1): y = logit(alpha + (1 - 2 alpha) v)."""
        if isinstance(self.config.space, Points):
            return v, v.new_zeros(len(v))
        y = (ALPHA + (1 - 2 * ALPHA) * v).logit()
        return y, (F.softplus(y) + F.softplus(-y) + math.log(1 - 2 * ALPHA)).flatten(1).sum(1)

    def to_x(self, y: Tensor) -> Tensor:
        """x of y: a picture's grey k of 0 to 255 is the middle of the step [k / 256, (k + 1) / 256] of v."""
        if isinstance(self.config.space, Points):
            return y
        v = (y.sigmoid() - ALPHA) / (1 - 2 * ALPHA)
        return ((256 * v - 0.5) / 255).clamp(0, 1)

    # --- Sampling ---

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.space.size, "gaussian")

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        temperature = self.set_by(controls).temperature
        return temperature * self.here(Noise(seeds).latent(self.latent(self.config)))

    def decode(self, z: Tensor) -> Tensor:
        """The x at z: the inverse of encode(), for pictures as far as their greys lie between black and white."""
        z = self.here(z)
        parts = z.split(PART) if isinstance(self.config.space, Points) else [z]
        return torch.cat([self.to_x(self.picture(self.inverse(part))) for part in parts])

    def inverse(self, z: Tensor) -> Tensor:
        """What the layers of the first level see, of z (B, Z)."""
        return last(self.backwards(z))[0]

    def encode(self, x: Tensor) -> Tensor:
        """The z of x, exactly."""
        return self.forward(self.from_x(self.middle_of(x))[0])[0]

    def warp(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        y, at_first = self.from_x(self.middle_of(x))
        for parts, log_det in self.forwards(y):
            yield torch.cat([part.flatten(1) for part in parts], 1), at_first + log_det

    def middle_of(self, x: Tensor) -> Tensor:
        """What from_x() takes: of pictures the middle of the step that each grey is."""
        x = self.here(x)
        return (255 * x + 0.5) / 256 if isinstance(self.config.space, Pictures) else x

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def sample_steps(self, seeds: Seeds, controls: contract.Controls | None = None) -> Iterator[Tensor]:
        """From noise to x, layer by layer."""
        for y, level, parts in self.backwards(self.prior(seeds, controls)):
            for out in reversed(parts[:level]):
                y = torch.cat([F.pixel_shuffle(y, 2), out], 1)
            yield self.to_x(self.picture(y))

    def picture(self, y: Tensor) -> Tensor:
        """What the layers of the first level see, as a picture again; points stay as they are."""
        return F.pixel_shuffle(y, 2) if isinstance(self.config.space, Pictures) else y

    # --- Likelihood ---

    def density(self, v: Tensor) -> Tensor:
        """log p(v) in nats (B,): of points, or of pictures whose greys are spread over (0, 1)."""
        y, at_first = self.from_x(v)
        z, log_det = self.forward(y)
        return at_first + log_det - 0.5 * (z.square() + math.log(2 * math.pi)).sum(1)

    def log_prob(self, x: Tensor) -> LogProb:
        """The density, exactly; of pictures at one place in the cube of 1/256 a side that is the 8-bit picture, times
        that cube's volume.

        The place is drawn with a noise that is seeded by the picture, so that its number depends on nothing else. The
        mean of such numbers is what papers report; it is no more than the mean log probability of the 8-bit pictures
        (Theis 2016, equations 4 to 6).
        """
        if isinstance(self.config.space, Points):
            nats = torch.cat([self.density(part) for part in self.here(x).split(PART)])
            return LogProb(nats, "exact", "of the density")
        greys, size = (255 * x).round().cpu(), self.config.space.size
        u = Noise.of(x).uniform(*self.shape)
        nats = self.density(self.here(((greys + u) / 256).float())) - size * math.log(256)
        return LogProb(
            nats,
            "exact",
            "of 8-bit pixels with uniform noise in their steps, which on average is a lower bound of theirs",
        )

    # --- Training ---

    @torch.no_grad()
    def begin(self, v: Tensor) -> None:
        """Middle and scale of z as the first batch has them (Kingma, Dhariwal, "Glow", 2018, section 3.1)."""
        z, _ = self(self.from_x(v)[0])
        self.middle.copy_(z.mean(0))
        # Of a batch of one it is 0. A pixel that was black in all of them need not be always.
        self.log_scale.copy_(-0.5 * (z.var(0, correction=0) + 0.1).log())

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        return {"flow": Adam(self.parameters(), training.learning_rate, fused=True)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        x = batch.x
        if isinstance(self.config.space, Pictures):
            x = (255 * x + torch.rand(x.shape, generator=batch.rng, device=x.device)) / 256
        if batch.step == 0 and not self.log_scale.any():  # a model that goes on learning has them already
            self.begin(x)
        nats = self.density(x).mean()

        optimizers["flow"].zero_grad()
        (-nats).backward()
        nn.utils.clip_grad_norm_(self.parameters(), training.clip)
        optimizers["flow"].step()
        if isinstance(self.config.space, Points):
            return {"log p(x)": nats.detach()}
        size = self.config.space.size
        return {"bits per dimension": (size * math.log(256) - nats.detach()) / (size * math.log(2))}
