"""Gated PixelCNN: each pixel is predicted from those above it and to its left, by convolutions.

    van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves, Kavukcuoglu, "Conditional Image Generation with PixelCNN
        Decoders", NIPS 2016. https://arxiv.org/abs/1606.05328
        Two stacks without a blind spot, and gates (section 2.1 to 2.3, figure 2).
    van den Oord, Kalchbrenner, Kavukcuoglu, "Pixel Recurrent Neural Networks", ICML 2016.
        https://arxiv.org/abs/1601.06759
        PixelCNN itself: masks A and B, and pixels as a choice among so many levels (softmax, section 3).
    Yu, Koltun, "Multi-Scale Context Aggregation by Dilated Convolutions", ICLR 2016.
        https://arxiv.org/abs/1511.07122
        Here the vertical stack looks 1, 2, 4, 1, 2, 4, ... rows up, so that few layers see the whole picture.

The chain rule writes any law of pictures as a product over its pixels, x_1 the first of the top row and so on,

    p(x) = prod_i p(x_i | x_1, ..., x_{i-1})

and a convolutional network gives all factors at once, if its logits at pixel i depend on nothing at i or after. A 3 x 3
kernel with a mask does that and has a blind spot: what is above and far to the right is never seen. Two stacks see it:

    vertical     v at (r, c) sees the rows above r, to both sides. It feeds the horizontal stack and is not fed by it.
    horizontal   h at (r, c) sees v at (r, c), and row r to its left.

The causal kernels are whole ones on a shifted picture: padding on top or on the left moves what a kernel sees up or to
the left. Shifted by one more, in the first layer, a pixel doesn't see itself (mask A); after it, it may see what was
computed at its own place (mask B). So no mask is multiplied with any weight, and no weight can look ahead.

Each layer is gated (equation 2), y = tanh(W_f * x) sigmoid(W_g * x), and the horizontal stack adds what it was given.

A picture of 784 pixels takes 784 passes through the network, each of which computes all but one pixel in vain.
`sample_steps` computes each number once: the vertical stack when a row is complete, the horizontal one at each pixel.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator, Mapping
from typing import ClassVar, cast

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract
from genlib.contract import Batch, Completes, LogProb, Paper, Predicts, Samples, Scores, Seeds, Trains, Unrolls
from genlib.models.base import Model, last
from genlib.nets import Constants
from genlib.noise import Noise
from genlib.spaces import Pictures

DILATIONS = (1, 2, 4)  # of the vertical stack's layers, in turn
MAX_SIDE = 64
PART = 8  # pictures that are scored at once: what the layers make of more leaves the processor's cache
CLOSE = 1e-5  # probabilities that are nearer to the noise may have been rounded past it: float32 errs by less than 1e-6


class Config(contract.Config):
    space: Pictures = Field(Pictures(), description="Its pictures: grey ones")
    levels: int = Field(2, ge=2, le=256, description="Greys a pixel may have; 2 reads pictures as on-off pixels")
    width: int = Field(48, ge=4, le=256, description="Channels of each stack")
    layers: int = Field(8, ge=2, le=32, description="Gated layers")

    @model_validator(mode="after")
    def _small_and_grey(self) -> Config:
        if self.space.channels != 1 or self.space.side > MAX_SIDE:
            raise ValueError(f"it takes grey pictures of at most {MAX_SIDE} x {MAX_SIDE}, not {self.space}")
        return self


class Training(contract.Training):
    learning_rate: float = Field(2e-3, gt=0, le=1, description="Adam's learning rate")


class Controls(contract.Controls):
    temperature: float = Field(
        1.0, ge=0.5, le=1.5, description="Divides each pixel's logits: 1 is the model's law, lower is more decided"
    )


# --- The network -----------------------------------------------------------------------------------------------------


def gate(x: Tensor) -> Tensor:
    """tanh(a / 2) sigmoid(b), for the two halves a, b of x (B, 2C, ...) -> (B, C, ...).

    The paper's, with its first weights doubled: tanh(a / 2) = 2 sigmoid(a) - 1 takes one sigmoid of both halves, and
    tanh itself a fifth of the whole training step.
    """
    a, b = x.sigmoid().chunk(2, 1)
    return torch.addcmul(-b, a, b, value=2)


class Layer(nn.Module):
    """One layer of both stacks: v, h (B, C, H, W) -> v, h, and what goes to the output (B, C, H, W).

    The first reads the picture, so that it must not see its own pixel; the last only speaks to the output.
    """

    def __init__(self, index: int, config: Config) -> None:
        super().__init__()
        width = config.width
        self.first, last = index == 0, index == config.layers - 1
        self.dilation = dilation = 1 if self.first else DILATIONS[(index - 1) % len(DILATIONS)]
        inside, rows, columns, left = (3, 3, 7, 3) if self.first else (width, 2, 3, 2)  # kernels: above, and beside
        self.above = nn.Conv2d(inside, 2 * width, (rows, columns), dilation=dilation)
        self.beside = nn.Conv2d(inside, 2 * width, (1, left))
        self.link = nn.Conv2d(2 * width, 2 * width, 1, bias=False)  # from the vertical to the horizontal stack
        self.pass_on = None if last else nn.Conv2d(width, width, 1, bias=False)
        # Rows and columns that are put before the picture: one more where a pixel is not to see itself.
        self.top, self.left = dilation * (rows - 1) + self.first, left - 1 + self.first
        self.side = dilation * (columns // 2)

    def forward(self, v: Tensor, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        seen = self.above(F.pad(v, (self.side, self.side, self.top, -int(self.first))))
        out = gate(self.beside(F.pad(h, (self.left, -int(self.first), 0, 0))) + self.link(seen))
        if self.pass_on is None:
            return v, h, out
        made = self.pass_on(out)
        return gate(seen), made if self.first else h + made, out


class Network(Constants):
    """Logits (B, levels, H, W) of each pixel given those before it, from pictures (B, 1, H, W) about zero.

    It is told where a pixel is, by two channels beside the picture: digits lie in the middle.
    """

    place: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.side, width = config.space.side, config.width
        self.layers = nn.ModuleList(Layer(i, config) for i in range(config.layers))
        self.skip = nn.Conv2d(config.layers * width, 2 * width, 1)  # one kernel for each layer, added up
        self.mix = nn.Conv2d(2 * width, 2 * width, 1)
        self.out = nn.Conv2d(2 * width, config.levels, 1)
        self.keep_constants()

    def constants(self) -> Mapping[str, Tensor]:
        line = torch.linspace(-1, 1, self.side)
        place = torch.empty(1, 2, self.side, self.side)
        place[0, 0].copy_(line[:, None])
        place[0, 1].copy_(line)
        return {"place": place}

    def forward(self, x: Tensor) -> Tensor:
        v = h = torch.cat([x, self.place.expand(len(x), -1, -1, -1)], 1)
        outs = []
        for layer in self.layers:
            v, h, out = layer(v, h)
            outs.append(out)
        return self.out(F.relu(self.mix(F.relu(self.skip(torch.cat(outs, 1))))))


def log_likelihood(levels: Tensor, logits: Tensor) -> Tensor:
    """log p(x) in nats (B,), for the pixels' levels (B, H, W), whole numbers, and their logits (B, levels, H, W)."""
    return -F.cross_entropy(logits, levels, reduction="none").flatten(1).sum(1)


def draw(logits: Tensor, u: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """The level (B,) of one pixel by its logits (B, levels): the first whose cumulative probability is above u (B,).
    And whether that was close (B,): rounding could have made it the one before or after."""
    cumulated = (logits.double() / temperature).softmax(1).cumsum(1)[:, :-1]
    u = u[:, None]
    return (cumulated <= u).sum(1), ((cumulated - u).abs() < CLOSE).any(1)


# --- Sampling: each number is computed once --------------------------------------------------------------------------


def matrix(conv: nn.Conv2d) -> Tensor:
    """A kernel as a matrix: (channels that it makes, rows, columns and channels that it looks at)."""
    return conv.weight.permute(0, 2, 3, 1).flatten(1)


class Sampler:
    """The same network one pixel at a time, for B pictures side by side, its convolutions written as matrix products.

    For each row: start_row(), then logits() and put() for each pixel, then end_row().
    """

    def __init__(self, network: Network, count: int) -> None:
        self.layers, self.side = cast(list[Layer], list(network.layers)), network.side
        self.place = network.place[0].permute(1, 2, 0)  # (H, W, 2)
        self.above = [matrix(layer.above) for layer in self.layers]
        self.beside = [matrix(layer.beside).T for layer in self.layers]
        self.link = [matrix(layer.link) for layer in self.layers]
        self.pass_on = [matrix(layer.pass_on).T for layer in self.layers if layer.pass_on is not None]
        self.heads = [(matrix(conv), conv.bias) for conv in (network.skip, network.mix, network.out)]
        # For each layer, the rows (columns, B, channels) of the vertical stack that it looks at, the oldest first, and
        # the row (B, columns, channels) of the horizontal one that is being drawn.
        zeros = network.place.new_zeros
        self.rows, self.row = [], []
        for layer in self.layers:
            above = zeros(self.side + 2 * layer.side, count, layer.above.in_channels)
            self.rows.append(deque([above] * layer.top, layer.top + (not layer.first)))
            self.row.append(zeros(count, layer.left + self.side, layer.above.in_channels))
        self.outs = zeros(count, len(self.layers), self.link[0].shape[0] // 2)
        self.links: list[Tensor] = []

    def start_row(self, r: int) -> None:
        """The vertical stack at row r, whose predecessors are drawn: what it says to the horizontal one."""
        self.links = []
        for i, layer in enumerate(self.layers):
            looked_at = [
                self.rows[i][row * layer.dilation][column * layer.dilation :][: self.side]
                for row in range(layer.above.kernel_size[0])
                for column in range(layer.above.kernel_size[1])
            ]
            seen = F.linear(torch.cat(looked_at, -1), self.above[i], layer.above.bias)
            self.links.append(F.linear(seen, self.link[i], layer.beside.bias))
            if layer.pass_on is not None:
                made, margin = gate(seen.flatten(0, 1)).unflatten(0, seen.shape[:2]), self.layers[i + 1].side
                self.rows[i + 1].append(F.pad(made, (0, 0, 0, 0, margin, margin)))
        for row in self.row:
            row.zero_()
        self.row[0][:, self.layers[0].left :, 1:] = self.place[r]

    def logits(self, c: int) -> Tensor:
        """The logits (B, levels) of pixel c of the row."""
        for i, layer in enumerate(self.layers):
            looked_at = self.row[i][:, c : c + layer.beside.kernel_size[1]].flatten(1)
            self.outs[:, i] = gate(torch.addmm(self.links[i][c], looked_at, self.beside[i]))
            if layer.pass_on is None:
                break
            into = self.row[i + 1][:, self.layers[i + 1].left + c]
            if layer.first:
                torch.mm(self.outs[:, i], self.pass_on[i], out=into)
            else:
                torch.addmm(self.row[i][:, layer.left + c], self.outs[:, i], self.pass_on[i], out=into)
        skip, mix, out = self.heads
        return F.linear(F.linear(F.linear(self.outs.flatten(1), *skip).relu_(), *mix).relu_(), *out)

    def put(self, c: int, x: Tensor) -> None:
        """Pixel c of the row is x (B,), about zero."""
        self.row[0][:, self.layers[0].left + c, 0] = x

    def end_row(self) -> None:
        """The row is drawn: the vertical stack may look at it."""
        row, margin = self.row[0][:, self.layers[0].left :], self.layers[0].side
        self.rows[0].append(F.pad(row.transpose(0, 1), (0, 0, 0, 0, margin, margin)))


# --- The model -------------------------------------------------------------------------------------------------------


class PixelCNN(Model[Config, Controls, Training], Samples, Unrolls, Completes, Scores, Predicts, Trains[Training]):
    title = "Gated PixelCNN"
    short = "PixelCNN"
    idea = (
        "Pixels are drawn one after the other, each from the probabilities that a convolutional network gives it after "
        "looking at all that is above it and to its left. Their product is the picture's, exactly."
    )
    paper = Paper(
        "Conditional Image Generation with PixelCNN Decoders",
        "van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves, Kavukcuoglu",
        2016,
        "https://arxiv.org/abs/1606.05328",
    )
    family = ("Explicit density", "Tractable", "Fully visible belief nets")
    recipe: ClassVar = {"batch_size": 16, "warmup": 0.02, "cooldown": 0.98, "fall": "cosine"}

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.network = Network(config)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (Config(space=Pictures(side=8), width=4, layers=3),)

    def grey(self, levels: Tensor) -> Tensor:
        """Levels, whole numbers, as greys in [0, 1]."""
        return levels / (self.config.levels - 1)

    def levels(self, x: Tensor, u: Tensor | None = None) -> Tensor:
        """The level of each pixel, whole numbers (B, H, W), of x (B, 1, H, W): the nearest.

        u (B, H, W): noise in [0, 1), with which a pixel of two levels is on with its grey as probability.
        """
        if u is not None and self.config.levels == 2:
            return (u < x[:, 0]).long()
        return (x[:, 0] * (self.config.levels - 1)).round().long()

    def logits(self, levels: Tensor) -> Tensor:
        """Logits (B, levels, H, W) of each pixel's law given the pixels before it, for levels (B, H, W)."""
        return self.network(self.config.space.centre(self.grey(levels)[:, None])).float()

    # --- Sampling ---

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return last(self.sample_steps(seeds, controls))

    def sample_steps(self, seeds: Seeds, controls: contract.Controls | None = None) -> Iterator[Tensor]:
        """Pictures (B, 1, H, W) as their rows come, from none to all; what is not yet drawn is mid grey."""
        return self._rows(seeds, controls)

    def complete(self, x: Tensor, known: Tensor, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        """A pixel is drawn after those before it, known or drawn, and knows nothing of known ones after it: what is
        known should be the top of a picture."""
        return last(self._rows(seeds, controls, self.levels(x.cpu()), known[:, 0].cpu()))

    @torch.no_grad()
    def _rows(
        self, seeds: Seeds, controls: contract.Controls | None, given: Tensor | None = None, known: Tensor | None = None
    ) -> Iterator[Tensor]:
        """See sample_steps. Where `known` (B, H, W), a pixel has its level in `given` (B, H, W), and is not drawn.

        Products round differently from batch to batch and from device to device, and a pixel that came out otherwise
        would change all those after it. So a close one is settled in double precision: in 64 digits about one.
        """
        space, temperature = self.config.space, self.set_by(controls).temperature
        u = Noise(seeds).uniform(space.side, space.side)
        x = torch.full((len(seeds), *self.shape), 0.5)  # on the CPU, as the noise: not every device has float64
        sampler = Sampler(self.network, len(seeds))
        yield self.here(x.clone())
        for r in range(space.side):
            sampler.start_row(r)
            for c in range(space.side):
                level, close = draw(sampler.logits(c).cpu(), u[:, r, c], temperature)
                if close.any():
                    precise = copy.deepcopy(self.network).cpu().double()(space.centre(x[close].double()))
                    level[close], _ = draw(precise[:, :, r, c], u[close, r, c], temperature)
                if given is not None and known is not None:
                    level = torch.where(known[:, r, c], given[:, r, c], level)
                x[:, 0, r, c] = self.grey(level)
                sampler.put(c, space.centre(x[:, 0, r, c]))
            sampler.end_row()
            yield self.here(x.clone())

    # --- Likelihood ---

    def log_prob(self, x: Tensor) -> LogProb:
        """Exact, for pictures of so many levels. On-off pixels of a grey picture are drawn with a noise that is seeded
        by the picture, so that its number depends on nothing else."""
        levels = self.config.levels
        how = "on-off pixels drawn once from the grey ones" if levels == 2 else f"pixels rounded to {levels} greys"
        nats = torch.cat([log_likelihood(part, self.logits(part)) for part in self._read(x).split(PART)])
        return LogProb(nats, "exact", f"of {how}")

    def predictions(self, x: Tensor) -> contract.Predictions:
        read = self._read(x)
        nats = torch.cat([self.logits(part).log_softmax(1) for part in read.split(PART)])
        return contract.Predictions(read, nats, self.grey(self.here(torch.arange(self.config.levels))))

    def _read(self, x: Tensor) -> Tensor:
        """Levels (B, H, W) of pictures, on the model's device."""
        side, u = self.config.space.side, None
        if self.config.levels == 2:
            u = Noise.of(x).uniform(side, side)
        return self.here(self.levels(x.cpu(), u))

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        return {"pixelcnn": Adam(self.parameters(), training.learning_rate, fused=True)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        u = torch.rand(batch.x[:, 0].shape, generator=batch.rng, device=batch.x.device)
        read = self.levels(batch.x, u)
        nats = log_likelihood(read, self.logits(read)).mean()

        optimizers["pixelcnn"].zero_grad()
        (-nats).backward()
        optimizers["pixelcnn"].step()
        return {"log p(x)": nats.detach()}
