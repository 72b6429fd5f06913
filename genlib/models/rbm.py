"""Restricted Boltzmann machine: pixels and hidden units that pull on each other, and an energy that says how hard.

    Smolensky, "Information Processing in Dynamical Systems: Foundations of Harmony Theory", 1986. The network.
    Hinton, "Training Products of Experts by Minimizing Contrastive Divergence", Neural Computation 14, 2002.
        https://doi.org/10.1162/089976602760128018
    Tieleman, "Training Restricted Boltzmann Machines using Approximations to the Likelihood Gradient", ICML 2008.
        https://doi.org/10.1145/1390156.1390290
        Persistent contrastive divergence: the chains go on from step to step.
    Hinton, "A Practical Guide to Training Restricted Boltzmann Machines", 2012. Weights at first, momentum, decay.
    Salakhutdinov, Murray, "On the Quantitative Analysis of Deep Belief Networks", ICML 2008.
        https://doi.org/10.1145/1390156.1390266
        Annealed importance sampling (Neal 2001) of the partition function.
    Burda, Grosse, Salakhutdinov, "Accurate and Conservative Estimates of MRF Log-likelihood using Reverse Annealing",
        AISTATS 2015. https://arxiv.org/abs/1412.8566
        The same from the other end, which errs to the other side.

On-off pixels v and hidden units h have an energy, and the lower it is, the likelier they are together:

    E(v, h) = - b v - c h - h W v,      p(v, h) = exp(-E(v, h)) / Z

No pixel is tied to a pixel, nor a hidden unit to another, so either half given the other is a row of independent coins,

    p(h_j = 1 | v) = sigmoid(c_j + (W v)_j),      p(v_i = 1 | h) = sigmoid(b_i + (h W)_i)

and drawing them in turn, Gibbs sampling, is a Markov chain with the law p. The sum over all h has a closed form,

    p(v) = exp(-F(v)) / Z,      F(v) = - b v - sum_j log(1 + exp(c_j + (W v)_j))        the free energy

and the sum Z over all v has none. The gradient of log p(v) pulls F down at the data and up where the model is,

    d log p(v) = - dF(v) + E_v'~p dF(v')

with an expectation that takes samples of p: contrastive divergence takes them k Gibbs steps away from the data;
persistent, from chains that never stop and follow the slowly changing weights.

Annealed importance sampling estimates Z. It leads v by Gibbs steps through laws p_beta from one whose Z is known, where
W = c = 0, to the model's, and weighs what comes by how much likelier each law holds v than the one before it:

    log p*_beta(v) = (1 - beta) a v + beta b v + sum_j log(1 + exp(beta (c_j + (W v)_j)))    (equations 15 to 17)
    Z / Z_0 = E prod_k p*_k(v_k) / p*_{k-1}(v_k)

The mean of these weights is unbiased, so its logarithm is on average too low. Led the other way, from samples of the
model to the known law, the mean is of Z_0 / Z, and its logarithm gives a value of log Z that is on average too high.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from genlib import cancel, contract
from genlib.contract import (
    Batch,
    Completes,
    LogProb,
    Normalises,
    Paper,
    Partition,
    Samples,
    Scores,
    Seeds,
    Traces,
    Trains,
    Unrolls,
)
from genlib.models.base import Model, last
from genlib.noise import Noise
from genlib.spaces import Pictures

MAX_SIDE = 32
CHAINS, LAWS = 100, 1000  # of annealed importance sampling, each way: it ends after so many Gibbs steps


class Config(contract.Config):
    space: Pictures = Field(Pictures(), description="Its pictures: grey ones, read as on-off pixels")
    hidden: int = Field(500, ge=1, le=4096, description="Hidden units")

    @model_validator(mode="after")
    def _small_and_grey(self) -> Config:
        if self.space.channels != 1 or self.space.side > MAX_SIDE:
            raise ValueError(f"it takes grey pictures of at most {MAX_SIDE} x {MAX_SIDE}, not {self.space}")
        return self


class Training(contract.Training):
    learning_rate: float = Field(0.05, gt=0, le=1, description="Learning rate of gradient descent")
    momentum: float = Field(0.5, ge=0, le=0.99, description="How much of the last step is made again")
    chains: Literal["data", "persistent"] = Field(
        "persistent", description="Where Gibbs chains begin: at the data (CD), or where they ended last time (PCD)"
    )
    gibbs_steps: int = Field(1, ge=1, le=100, description="Gibbs steps for each step of training (k)")
    weight_decay: float = Field(1e-4, ge=0, le=1, description="Pull of W towards zero, per step and learning rate")


class Controls(contract.Controls):
    gibbs_steps: int = Field(
        300, ge=1, le=2000, description="Gibbs steps from coin tosses to the picture: too few show where they began"
    )


# --- The energy, for v (B, V), h (B, H), W (H, V), b (V,), c (H,) -----------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """Weights W (H, V) and biases b (V,), c (H,), and what follows from them."""

    weight: Tensor
    b: Tensor
    c: Tensor

    def hidden(self, v: Tensor) -> Tensor:
        """c + W v (B, H): the logits of p(h = 1 | v)."""
        return F.linear(v, self.weight, self.c).to(v.dtype)

    def visible(self, h: Tensor) -> Tensor:
        """b + h W (B, V): the logits of p(v = 1 | h)."""
        return F.linear(h, self.weight.T, self.b).to(h.dtype)

    def free_energy(self, v: Tensor, pulls: Tensor | None = None) -> Tensor:
        """F(v) in nats (B,). pulls: hidden(v), where it is known."""
        return -(v * self.b).sum(1) - F.softplus(self.hidden(v) if pulls is None else pulls).sum(1)

    def gibbs(self, v: Tensor, rng: torch.Generator, steps: int) -> Tensor:
        """v (B, V) after some steps of the chain."""
        for _ in range(steps):
            cancel.point()
            h = toss(self.hidden(v), rng)
            v = toss(self.visible(h), rng)
        return v


def toss(logits: Tensor, rng: torch.Generator) -> Tensor:
    """Coins, 0 or 1, that show 1 with probability sigmoid(logits)."""
    u = torch.rand(logits.shape, generator=rng, device=logits.device, dtype=logits.dtype)
    return (u < logits.sigmoid()).to(logits.dtype)


# --- The partition function ------------------------------------------------------------------------------------------


class Path:
    """The laws between one of independent pixels, p(v) = exp(a v) / Z_0 with 2^H of h, and a machine's."""

    def __init__(self, machine: Machine, a: Tensor, laws: int) -> None:
        self.machine, self.a = machine, a
        self.betas = torch.linspace(0, 1, laws + 1, dtype=torch.float64).tolist()
        self.log_z0 = float(F.softplus(a.double()).sum()) + len(machine.c) * math.log(2)

    def log_weight(self, v: Tensor, pulls: Tensor, low: float, high: float) -> Tensor:
        """log p*_high(v) - log p*_low(v), float64 (B,). `pulls`: c + W v (B, H)."""
        linear = (high - low) * (v @ (self.machine.b - self.a))
        return (linear + (F.softplus(high * pulls) - F.softplus(low * pulls)).sum(1)).double()

    def step(self, pulls: Tensor, beta: float, rng: torch.Generator) -> Tensor:
        """v after a Gibbs step that leaves the law of this beta as it is, from what v before it pulled."""
        h = toss(beta * pulls, rng)
        return toss((1 - beta) * self.a + beta * self.machine.visible(h), rng)

    def up(self, chains: int, rng: torch.Generator) -> tuple[float, float]:
        """log Z from below, and its error."""
        v = toss(self.a.expand(chains, -1), rng)
        log_w = torch.zeros(chains, dtype=torch.float64, device=v.device)
        for low, high in itertools.pairwise(self.betas):
            pulls = self.machine.hidden(v)
            log_w += self.log_weight(v, pulls, low, high)
            v = self.step(pulls, high, rng)
        mean, error = log_mean(log_w)
        return self.log_z0 + mean, error

    def down(self, v: Tensor, rng: torch.Generator) -> tuple[float, float]:
        """log Z from above, and its error, from samples v (B, V) of the machine."""
        log_w = torch.zeros(len(v), dtype=torch.float64, device=v.device)
        pulls = self.machine.hidden(v)
        for high, low in itertools.pairwise(reversed(self.betas)):
            v = self.step(pulls, high, rng)
            pulls = self.machine.hidden(v)
            log_w -= self.log_weight(v, pulls, low, high)
        mean, error = log_mean(log_w)
        return self.log_z0 - mean, error


def log_mean(log_w: Tensor) -> tuple[float, float]:
    """log of the mean of w, and the standard error that the mean's own gives it: sd(w) / (sqrt(n) mean(w))."""
    top = log_w.max()
    w = (log_w - top).exp()
    return float(top + w.mean().log()), float(w.std() / w.mean()) / math.sqrt(len(w))


@torch.no_grad()
def partition(machine: Machine, chains: int = CHAINS, laws: int = LAWS, samples: Tensor | None = None) -> Partition:
    """Of a machine, with the same noise each time.

    samples   exact ones of the machine (B, V), where there are some; otherwise ends of long Gibbs chains stand in.
    """
    rng = torch.Generator(machine.b.device).manual_seed(0)
    if samples is None:
        samples = machine.gibbs(toss(machine.b.expand(chains, -1), rng), rng, laws)
    # Any a is right; near the machine's own means the way is short (section 4.1.1 takes the data's).
    mean = (samples.mean(0) * len(samples) + 0.5) / (len(samples) + 1)
    path = Path(machine, mean.logit(), laws)
    return Partition(*path.up(chains, rng), *path.down(samples, rng))


# --- The model -------------------------------------------------------------------------------------------------------


def pseudo_likelihood(machine: Machine, v: Tensor, pixel: Tensor) -> Tensor:
    """sum_i log p(v_i | all other pixels) in nats (B,), estimated by one pixel each: it needs no Z."""
    flipped = v.scatter(1, pixel[:, None], 1 - v.gather(1, pixel[:, None]))
    return v.shape[1] * F.logsigmoid(machine.free_energy(flipped) - machine.free_energy(v))


class RBM(Model[Config, Controls, Training], Samples, Unrolls, Traces, Completes, Scores, Normalises, Trains[Training]):
    title = "Restricted Boltzmann machine"
    short = "RBM"
    idea = (
        "Pixels and hidden units pull on each other. What fits together has low energy and is likely; a chain of coin "
        "tosses, all hidden units and then all pixels, wanders from noise to such pictures."
    )
    paper = Paper(
        "Training Products of Experts by Minimizing Contrastive Divergence",
        "Hinton", 2002, "https://doi.org/10.1162/089976602760128018",
    )  # fmt: skip
    family = ("Explicit density", "Approximate", "Markov chain")
    recipe: ClassVar = {"batch_size": 100, "cooldown": 0.9}

    rates: Tensor

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.weight = nn.Parameter(torch.empty(config.hidden, config.space.size))
        nn.init.normal_(self.weight, 0.0, 0.01)  # the practical guide, section 8
        self.b = nn.Parameter(torch.zeros(config.space.size))
        self.c = nn.Parameter(torch.zeros(config.hidden))
        # How often each pixel of the data is on. Chains begin so: from fair coins many never come to a digit.
        self.register_buffer("rates", torch.full((config.space.size,), 0.5))
        self._known: Partition | None = None

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (Config(space=Pictures(side=8), hidden=32),)

    @property
    def machine(self) -> Machine:
        return Machine(self.weight, self.b, self.c)

    # --- Sampling ---

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return last(self.sample_steps(seeds, controls))

    def sample_steps(self, seeds: Seeds, controls: contract.Controls | None = None) -> Iterator[Tensor]:
        """The Gibbs chain from coins on, each of which is on as often as its pixel is in the data. After them, what is
        shown is p(v = 1 | h), not the coins that fall by it: they would only add their noise."""
        return (shown for shown, _ in self._chain(seeds, controls))

    @classmethod
    def trace(cls) -> str:
        return "free energy, nats"

    def traced_steps(self, seeds: Seeds, controls: contract.Controls | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Of the coins, as they fell."""
        return self._chain(seeds, controls)

    def complete(self, x: Tensor, known: Tensor, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        """The chain with its known pixels held. What is known and brighter than mid grey is on."""
        given = (x.cpu().flatten(1) > 0.5).double()
        return last(self._chain(seeds, controls, given, known.cpu().flatten(1)))[0]

    @torch.no_grad()
    def _chain(
        self,
        seeds: Seeds,
        controls: contract.Controls | None,
        given: Tensor | None = None,
        known: Tensor | None = None,
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """See sample_steps, and the free energy of each step. Pixels that are `known` (B, V) stay those of `given`
        (B, V).

        In double precision, on the CPU, as not every device has it: sums that round otherwise in another batch would
        toss another coin once in a while, and a seed would be another picture. Those of weights that were float16 in
        their file don't round at all.
        """
        machine = Machine(*(p.detach().cpu().double() for p in (self.weight, self.b, self.c)))
        noise, (hidden, visible) = Noise(seeds), machine.weight.shape

        def held(v: Tensor) -> Tensor:
            return v if given is None or known is None else torch.where(known, given, v)

        v = held((noise.uniform(visible) < self.rates.cpu()).double())
        pulls = machine.hidden(v)
        yield self.here(v.float().unflatten(1, self.shape)), machine.free_energy(v, pulls)
        for _ in range(self.set_by(controls).gibbs_steps):
            u = noise.uniform(hidden + visible)
            h = (u[:, :hidden] < pulls.sigmoid()).double()
            p = machine.visible(h).sigmoid()
            v = held((u[:, hidden:] < p).double())
            pulls = machine.hidden(v)
            yield self.here(held(p).float().unflatten(1, self.shape)), machine.free_energy(v, pulls)

    # --- Likelihood ---

    def partition(self) -> Partition:
        """log Z of the weights as they are, which takes many seconds where it is not known."""
        weights = [p.detach().cpu().contiguous() for p in (self.weight, self.b, self.c)]
        checksum = zlib.crc32(b"".join(p.numpy().tobytes() for p in weights))
        if self._known is None or self._known.weights != checksum:
            self._known = replace(partition(self.machine), weights=checksum)
        return self._known

    def recall(self, found: Partition) -> None:
        self._known = found

    def log_prob(self, x: Tensor) -> LogProb:
        """-F(v) - log Z, with log Z from below, as papers have it. On-off pixels of a grey picture are drawn with a
        noise that is seeded by the picture, so that its number depends on nothing else."""
        z = self.partition()
        v = self.here(Noise.of(x).uniform(self.config.space.size) < x.flatten(1).cpu()).float()
        note = (
            f"of on-off pixels drawn once from the grey ones, with log Z = {z.below:.2f} ± {z.below_error:.2f} by "
            f"annealed importance sampling, and {z.above:.2f} ± {z.above_error:.2f} from the other end"
        )
        nats = -self.machine.free_energy(v) - z.below
        return LogProb(nats, "estimate", note, z.below_error, z.below - z.above)

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        groups = [
            {"params": [self.weight], "weight_decay": training.weight_decay},
            {"params": [self.b, self.c], "weight_decay": 0.0},
        ]
        return {"rbm": SGD(groups, training.learning_rate, training.momentum)}

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        machine, optimizer, grey = self.machine, optimizers["rbm"], batch.x.flatten(1)
        v = (torch.rand(grey.shape, generator=batch.rng, device=grey.device) < grey).float()
        # Persistent chains are part of the training's state, not of the model, so the optimiser keeps them: they are
        # stored with a run, and are in no checkpoint.
        state = optimizer.state[self.b]
        with torch.no_grad():
            self.rates.lerp_(grey.mean(0), 0.01)
            start = state.get("chains", v) if training.chains == "persistent" else v
            chains = machine.gibbs(start, batch.rng, training.gibbs_steps)
            if training.chains == "persistent":
                state["chains"] = chains
            pixel = torch.randint(v.shape[1], (len(v),), generator=batch.rng, device=v.device)
            pseudo = pseudo_likelihood(machine, v, pixel).mean()

        # Its gradient is that of -log p(v), with the chains in the place of samples.
        gap = machine.free_energy(v).mean() - machine.free_energy(chains).mean()
        optimizer.zero_grad()
        gap.backward()
        optimizer.step()
        return {"F(data) - F(chains)": gap.detach(), "pseudo-likelihood": pseudo}
