"""PixelRNN: two LSTMs walk over the picture along its diagonals and remember all that is above a pixel and beside it.

    van den Oord, Kalchbrenner, Kavukcuoglu, "Pixel Recurrent Neural Networks", ICML 2016.
    https://arxiv.org/abs/1601.06759

The chain rule writes any law of pictures as a product over its pixels, x_1 the first of the top row and so on,

    p(x) = prod_i p(x_i | x_1, ..., x_{i-1})

and here each factor is the sigmoid of a logit that a Diagonal BiLSTM gives (section 3.2). One LSTM comes from the upper
left: its state at (r, c) follows from those at (r - 1, c) and (r, c - 1),

    [o, f, i, g] = sigmoid, sigmoid, sigmoid, tanh of (K_is * x_(r,c) + K_ss * (h_(r-1,c), h_(r,c-1)))     (equation 3)
    c_(r,c) = f c_(r,c-1) + i g,      h_(r,c) = o tanh(c_(r,c))

The other comes from the upper right, the same in the mirror. All pixels of a diagonal r + c = d depend on the diagonal
before only, so they take one step together: the picture is skewed, row r moved r columns to the right, and the LSTM
goes over 2 n - 1 columns in place of n^2 pixels. Both LSTMs take their steps side by side.

The one from the right would see pixels of the row that are not drawn yet, so what it finds is moved down by one row.
What goes in first is a 7 x 7 convolution with a mask that hides the pixel and all after it (mask A, section 3.4),
so a pixel's logit depends on nothing at it or after it. Behind that mask the LSTM from the right would never learn of
the last pixel in the row above. As it is moved down, it may see each pixel itself, and is told it: then every logit
depends on all pixels before its own, from the first layer on.

Layers add what they find to what they were given (section 3.3). Pixels are on or off, as for MNIST in the paper.

A picture of 784 pixels needs 784 passes through the network, each of which computes all but one pixel in vain.
`sample_steps` takes each step of each LSTM once: the left one's at the pixel, the right one's when its row is complete.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import ClassVar

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

MAX_SIDE = 32
KERNEL = 7  # of the first convolution


class Config(contract.Config):
    space: Pictures = Field(Pictures(), description="Its pictures: grey ones, read as on-off pixels")
    width: int = Field(24, ge=2, le=256, description="Units of each LSTM (h); twice as many channels between layers")
    layers: int = Field(1, ge=1, le=12, description="Layers of two LSTMs each")

    @model_validator(mode="after")
    def _small_and_grey(self) -> Config:
        if self.space.channels != 1 or self.space.side > MAX_SIDE:
            raise ValueError(f"it takes grey pictures of at most {MAX_SIDE} x {MAX_SIDE}, not {self.space}")
        return self


class Training(contract.Training):
    learning_rate: float = Field(2e-3, gt=0, le=1, description="Adam's learning rate")


class Controls(contract.Controls):
    temperature: float = Field(
        1.0, ge=0.5, le=1.5, description="Divides each pixel's logit: 1 is the model's law, lower is more decided"
    )


# --- The network, on maps that have their channels last: (B, rows, columns, channels) ---------------------------------


def skew(x: Tensor) -> Tensor:
    """Row r of the second-last axes (..., n, n, C) moved r columns to the right: (..., n, 2 n - 1, C). Column d is a
    diagonal."""
    n = x.shape[-2]
    return F.pad(x, (0, 0, 0, n)).flatten(-3, -2)[..., : n * (2 * n - 1), :].unflatten(-2, (n, 2 * n - 1))


def unskew(x: Tensor) -> Tensor:
    """The picture (..., n, n, C) of a skewed one (..., n, 2 n - 1, C)."""
    n = x.shape[-3]
    return F.pad(x.flatten(-3, -2), (0, 0, 0, n)).unflatten(-2, (n, 2 * n))[..., :n, :]


def cell(gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """h and c (..., C) of an LSTM after a step, from its gates before their nonlinearity (..., 4 C) and c before it."""
    o, f, i, g = gates.chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


class Layer(nn.Module):
    """A Diagonal BiLSTM and its way around: (B, n, n, 2 W), and the pixels (B, n, n, 1) -> (B, n, n, 2 W).

    Weights of the left and of the right LSTM lie in one tensor, (2, ...).
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.input = nn.Linear(2 * width, 2 * 4 * width)  # K_is, 1 x 1, of both
        self.state = nn.Parameter(torch.empty(2, 2 * width, 4 * width))  # K_ss: of the state above, and of that beside
        nn.init.uniform_(self.state, -((2 * width) ** -0.5), (2 * width) ** -0.5)
        self.own = nn.Linear(1, 4 * width, bias=False)  # what the right one is told of the pixel itself
        self.output = nn.Linear(2 * width, 2 * width)

    def walk(self, gates: Tensor) -> Tensor:
        """h (2, B, n, n, W) of both LSTMs, each seen from where it comes, from K_is * x (2, B, n, n, 4 W)."""
        columns = skew(gates).unbind(3)  # 2 n - 1 diagonals, each (2, B, n, 4 W)
        h = c = gates.new_zeros(*gates.shape[:3], self.width)
        found = []
        for column in columns:
            above = F.pad(h, (0, 0, 1, -1))  # in the skewed picture, what is above lies in the diagonal before, too
            pull = torch.cat([above, h], -1).flatten(1, 2) @ self.state
            h, c = cell(column + pull.unflatten(1, h.shape[1:3]), c)
            found.append(h)
        return unskew(torch.stack(found, 3))

    def forward(self, x: Tensor, pixels: Tensor) -> Tensor:
        left, right = self.input(x).chunk(2, -1)
        right = right + self.own(pixels)
        left, right = self.walk(torch.stack([left, right.flip(2)])).unbind(0)
        right = F.pad(right.flip(2), (0, 0, 0, 0, 1, -1))  # moved down by a row
        return x + self.output(torch.cat([left, right], -1))


class Network(Constants):
    """Logits (B, n, n) of each pixel given those before it, from pictures (B, 1, n, n) about zero."""

    mask: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__()
        wide = 2 * config.width
        self.first = nn.Conv2d(1, wide, KERNEL, padding=KERNEL // 2)
        self.layers = nn.ModuleList(Layer(config.width) for _ in range(config.layers))
        self.head = nn.Sequential(nn.ReLU(), nn.Linear(wide, wide), nn.ReLU(), nn.Linear(wide, 1))
        self.keep_constants()

    def constants(self) -> Mapping[str, Tensor]:
        mask = torch.zeros(KERNEL, KERNEL)  # A: the rows above, and what is to the left
        mask[: KERNEL // 2] = 1
        mask[KERNEL // 2, : KERNEL // 2] = 1
        return {"mask": mask}

    def forward(self, x: Tensor) -> Tensor:
        h = F.conv2d(x, self.first.weight * self.mask, self.first.bias, padding=KERNEL // 2).movedim(1, -1)
        for layer in self.layers:
            h = layer(h, x.movedim(1, -1))
        return self.head(h).squeeze(-1)


def log_likelihood(x: Tensor, logits: Tensor) -> Tensor:
    """log p(x) in nats (B,), for on-off pixels x and their logits, both (B, n, n)."""
    return F.logsigmoid((2 * x - 1) * logits).flatten(1).sum(1)


# --- Sampling: each step is taken once -------------------------------------------------------------------------------


class Walker:
    """Where the left and the right LSTM of a layer are, for B pictures of which rows are being drawn."""

    def __init__(self, layer: Layer, count: int, side: int) -> None:
        self.layer, width = layer, layer.width
        self.left, self.right = zip(layer.input.weight.chunk(2), layer.input.bias.chunk(2), strict=True)
        zeros = layer.state.new_zeros
        self.given = zeros(count, side, 2 * width)  # to the layer, in this row
        self.row = zeros(count, side, width)  # h of the left LSTM: of this row up to the pixel, then of the row above
        self.other = zeros(count, side, width)  # h of the right one, of the row above
        self.none = zeros(count, width)
        self.h = self.c = self.none

    def pixel(self, c: int, x: Tensor) -> Tensor:
        """What the layer makes at column c (B, 2 W) of x there (B, 2 W)."""
        self.given[:, c] = x
        seen = torch.cat([self.row[:, c], self.h], 1)
        self.h, self.c = cell(F.linear(x, *self.left) + seen @ self.layer.state[0], self.c)
        self.row[:, c] = self.h
        return x + self.layer.output(torch.cat([self.h, self.other[:, c]], 1))

    def end_row(self, pixels: Tensor) -> None:
        """The row is drawn, pixels (B, n, 1) about zero: the right LSTM goes over it, the left one to the next."""
        gates = F.linear(self.given, *self.right) + self.layer.own(pixels)
        h = c = self.none
        for column in reversed(range(gates.shape[1])):
            seen = torch.cat([self.other[:, column], h], 1)
            h, c = cell(gates[:, column] + seen @ self.layer.state[1], c)
            self.other[:, column] = h
        self.h = self.c = self.none


# --- The model -------------------------------------------------------------------------------------------------------


class PixelRNN(Model[Config, Controls, Training], Samples, Unrolls, Completes, Scores, Predicts, Trains[Training]):
    title = "Pixel recurrent neural network"
    short = "PixelRNN"
    idea = (
        "Pixels are drawn one after the other. Two networks with memory walk over the picture along its diagonals and "
        "tell each pixel's probability from all that came before it. Their product is the picture's, exactly."
    )
    paper = Paper(
        "Pixel Recurrent Neural Networks",
        "van den Oord, Kalchbrenner & Kavukcuoglu",
        2016,
        "https://arxiv.org/abs/1601.06759",
    )
    family = ("Explicit density", "Tractable", "Fully visible belief nets")
    recipe: ClassVar = {"batch_size": 16, "warmup": 0.02, "cooldown": 0.98, "fall": "cosine"}

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.network = Network(config)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (Config(space=Pictures(side=8), width=4, layers=2),)

    def logits(self, x: Tensor) -> Tensor:
        """Logits (B, H, W) of p(pixel = 1 | the pixels before it), for on-off pixels x (B, H, W)."""
        return self.network(self.config.space.centre(x)[:, None]).to(x.dtype)

    # --- Sampling ---

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return last(self.sample_steps(seeds, controls))

    def sample_steps(self, seeds: Seeds, controls: contract.Controls | None = None) -> Iterator[Tensor]:
        """On-off pictures (B, 1, H, W) as their rows come, from none to all; what is not yet drawn is mid grey."""
        return self._rows(seeds, controls)

    def complete(self, x: Tensor, known: Tensor, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        """A pixel is drawn after those before it, known or drawn, and knows nothing of known ones after it: what is
        known should be the top of a picture. What is known and brighter than mid grey is on."""
        return last(self._rows(seeds, controls, x[:, 0].cpu() > 0.5, known[:, 0].cpu()))

    @torch.no_grad()
    def _rows(
        self, seeds: Seeds, controls: contract.Controls | None, given: Tensor | None = None, known: Tensor | None = None
    ) -> Iterator[Tensor]:
        """See sample_steps. Where `known` (B, H, W), a pixel is that of `given` (B, H, W), and is not drawn.

        In double precision, on the CPU, as not every device has it: products round differently from batch to batch,
        and a pixel that came out otherwise would change all those after it.
        """
        space, temperature = self.config.space, self.set_by(controls).temperature
        network = copy.deepcopy(self.network).cpu().double()
        first = (network.first.weight * network.mask).flatten(1)
        noise = Noise(seeds).uniform(space.side, space.side)
        x = torch.full((len(seeds), *self.shape), 0.5)
        yield self.here(x.clone())
        around = F.pad(x[:, 0].double() * 0, [KERNEL // 2] * 4)  # about zero, with the margin that the convolution sees
        walkers = [Walker(layer, len(seeds), space.side) for layer in network.layers]  # type: ignore[arg-type]
        for r in range(space.side):
            for c in range(space.side):
                h = F.linear(around[:, r : r + KERNEL, c : c + KERNEL].flatten(1), first, network.first.bias)
                for walker in walkers:
                    h = walker.pixel(c, h)
                on = noise[:, r, c] < (network.head(h)[:, 0] / temperature).sigmoid()
                if given is not None and known is not None:
                    on = torch.where(known[:, r, c], given[:, r, c], on)
                x[:, 0, r, c] = on.float()
                around[:, r + KERNEL // 2, c + KERNEL // 2] = space.centre(on.double())
            for walker in walkers:
                walker.end_row(space.centre(x[:, 0, r, :, None].double()))
            yield self.here(x.clone())

    # --- Likelihood ---

    def log_prob(self, x: Tensor) -> LogProb:
        """Exact, for on-off pixels; those of a grey picture are drawn with a noise that is seeded by the picture, so
        that its number depends on nothing else."""
        read = self._drawn(x)
        nats = log_likelihood(read, self.logits(read))
        return LogProb(nats, "exact", "of on-off pixels drawn once from the grey ones")

    def predictions(self, x: Tensor) -> contract.Predictions:
        read = self._drawn(x)
        logits = self.logits(read)
        nats = F.logsigmoid(torch.stack([-logits, logits], 1))  # of off, and of on
        return contract.Predictions(read.long(), nats, self.here(torch.tensor([0.0, 1.0])))

    def _drawn(self, x: Tensor) -> Tensor:
        """On-off pixels (B, H, W) of grey pictures."""
        return self.here((Noise.of(x).uniform(*self.shape[1:]) < x[:, 0].cpu()).float())

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        return {"pixelrnn": Adam(self.parameters(), training.learning_rate, fused=True)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        grey = batch.x[:, 0]
        x = (torch.rand(grey.shape, generator=batch.rng, device=grey.device) < grey).float()
        nats = log_likelihood(x, self.logits(x)).mean()

        optimizers["pixelrnn"].zero_grad()
        (-nats).backward()
        optimizers["pixelrnn"].step()
        return {"log p(x)": nats.detach()}
