"""DiscoGAN: two worlds mapped onto each other without a single pair to learn from.

    Kim, Cha, Kim, Lee, Kim, "Learning to Discover Cross-Domain Relations with Generative Adversarial
    Networks", ICML 2017. https://arxiv.org/abs/1703.05192

Two generators, G_AB and G_BA, and a discriminator for each world. What comes back must be what was sent, and what is
made must pass (section 2; with x_A in A):

    L_A   = d(G_BA(G_AB(x_A)), x_A)                    reconstruction
    L_B   = - E log D_B(G_AB(x_A))                     what G_AB makes passes for a picture of B
    L_D_B = - E log D_B(x_B) - E log(1 - D_B(G_AB(x_A)))

and the same from B; the reconstructions are weighted by `reconstruction`. One of them alone would let G_AB keep to a
part of B; both together ask for a bijection.

Four things are optional here. With `skips` a generator's way out also reads its way in (U-Net; pix2pix.py), where the
paper's sends all through the bottleneck: then what need not change stays sharp. With `code` the bottleneck is a vector,
as in the authors' own code for shoes and handbags: then shapes can change as a whole. With `patches` a discriminator
judges the picture in patches and not as a whole. With `noise` the round trip goes through Gaussian noise, so that a
generator can't hide what it took away in a pattern too faint to see, for the other one to read:

    Bashkirova, Usman, Saenko, "Adversarial Self-Defense for Cycle-Consistent GANs", NeurIPS 2019.
    https://arxiv.org/abs/1908.01517
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from genlib import contract
from genlib.contract import Batch, Controls, Domain, Needs, Paper, Seeds, Trains, Translates, Worlds
from genlib.errors import GenlibError
from genlib.models.base import Model
from genlib.models.gan import discriminator_loss
from genlib.nets import frozen, halvings, initialise
from genlib.spaces import Pictures

if TYPE_CHECKING:
    from genlib.data import DataInfo, PictureSet

TRIES = 100  # batches that are looked through for one with pictures of both worlds

Label = Annotated[int, Field(ge=0, le=999, description="Class of the attribute")]
Title = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ,'-]{0,39}$")]  # no markup: pages show it


class Config(contract.Config):
    space: Pictures = Field(Pictures(), description="Pictures, of a side that can be halved down to 4 to 7 pixels")
    attribute: str = Field(
        "hair_colour", pattern=r"^[a-z_]{1,40}$", description="The label that tells the worlds apart"
    )
    a: tuple[Label, ...] = Field((1,), min_length=1, max_length=100, description="Classes of the attribute that are A")
    b: tuple[Label, ...] = Field((0,), min_length=1, max_length=100, description="Classes of the attribute that are B")
    a_name: Title = Field("A", description="What A is called")
    b_name: Title = Field("B", description="What B is called")

    generator_width: int = Field(32, ge=4, le=128, description="Channels of a generator's first layer, doubled inwards")
    discriminator_width: int = Field(
        32, ge=4, le=128, description="Channels of a discriminator's first, doubled inwards"
    )
    depth: int = Field(4, ge=1, le=6, description="How often a generator halves the side at most")
    code: int = Field(0, ge=0, le=512, description="Dimensions of a bottleneck without height and width; 0 has none")
    skips: bool = Field(False, description="Whether a generator's way out also reads its way in; the paper's does not")
    patches: bool = Field(False, description="Whether the discriminators judge in patches; the paper's do not")

    @model_validator(mode="after")
    def _consistent(self) -> Config:
        halvings(self.space.side)
        if set(self.a) & set(self.b) or key(self.a_name) == key(self.b_name):
            raise ValueError("the two worlds must differ, in their classes and in the letters of their names")
        return self


class Training(contract.Training):
    generator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of the generators")
    discriminator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of the discriminators")
    discriminator_steps: int = Field(
        1, ge=1, le=20, description="Steps of the discriminators, each on fresh data, for one of the generators"
    )
    smoothing: float = Field(
        0.0, ge=0, le=0.5, description="Discriminators aim at 1 - this on real data, and at 0 on what is made"
    )
    reconstruction: float = Field(
        10.0, ge=0, le=1000, description="Weight of the mean absolute error of the round trip"
    )
    noise: float = Field(
        0.0, ge=0, le=1, description="Standard deviation of the noise that a picture meets halfway on the round trip"
    )


def key(title: str) -> str:
    """What a world is called in code and addresses: "blond hair" -> "blond-hair"."""
    return re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")


# --- Blocks ----------------------------------------------------------------------------------------------------------


class Generator(nn.Module):
    """x (B, C, H, W) in [0, 1] -> its counterpart in the other world, of the same shape."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        depth = min(c.depth, halvings(c.space.side)[1])
        widths = [c.generator_width * min(2**i, 8) for i in range(depth)]  # e.g. 32, 64, 128, 256
        self.skips = c.skips
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False),  # half the side
                nn.BatchNorm2d(wide) if i else nn.Identity(),
                nn.LeakyReLU(0.2, inplace=True),
            )
            for i, (narrow, wide) in enumerate(pairwise([c.space.channels, *widths]))
        )
        side = c.space.side >> depth
        self.code = nn.Sequential(
            nn.Conv2d(widths[-1], c.code, side, bias=False),  # the whole map at once: (B, code, 1, 1)
            nn.BatchNorm2d(c.code),
            nn.LeakyReLU(0.2, inplace=True),
            nn.ConvTranspose2d(c.code, widths[-1], side, bias=False),
            nn.BatchNorm2d(widths[-1]),
            nn.ReLU(inplace=True),
        ) if c.code else nn.Identity()  # fmt: skip
        outputs = [*reversed(widths[:-1]), max(4, c.generator_width // 2)]
        inputs = [widths[-1], *((1 + c.skips) * w for w in outputs[:-1])]
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False),  # twice the side
                nn.BatchNorm2d(narrow),
                nn.ReLU(inplace=True),
            )
            for wide, narrow in zip(inputs, outputs, strict=True)
        )
        self.last = nn.Conv2d(outputs[-1] + c.skips * c.space.channels, c.space.channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        h = 2 * x - 1
        seen = [h]
        for layer in self.down:
            h = layer(h)
            seen.append(h)
        seen.pop()  # the bottleneck itself
        h = self.code(h)
        for layer in self.up:
            h, mirror = layer(h), seen.pop()
            if self.skips:
                h = torch.cat([h, mirror], 1)
        return torch.sigmoid(self.last(h).float())


def discriminator(c: Config) -> nn.Sequential:
    """x (B, C, H, W) in [-1, 1] -> logits of D, one a picture, (B, 1, 1, 1), or one a patch, e.g. (B, 1, 8, 8)."""
    side, times = halvings(c.space.side)
    kept = max(1, times - 1) if c.patches else times
    widths = [c.discriminator_width * min(2**i, 8) for i in range(kept)]
    net = nn.Sequential(nn.Conv2d(c.space.channels, widths[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True))
    for narrow, wide in pairwise(widths):
        net.extend([
            nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False),  # half the side
            nn.BatchNorm2d(wide),
            nn.LeakyReLU(0.2, inplace=True),
        ])  # fmt: skip
    net.append(nn.Conv2d(widths[-1], 1, 3, padding=1) if c.patches else nn.Conv2d(widths[-1], 1, side))
    return net


class DiscoGAN(Model[Config, Controls, Training], Translates, Trains[Training]):
    title = "DiscoGAN"
    idea = (
        "Two generators carry pictures from one world to the other and back. Each result must pass for a picture of "
        "its world, and the round trip must end where it began; nobody ever shows a pair."
    )
    paper = Paper(
        "Learning to Discover Cross-Domain Relations with Generative Adversarial Networks",
        "Kim, Cha, Kim, Lee & Kim", 2017, "https://arxiv.org/abs/1703.05192",
    )  # fmt: skip
    family = ("Implicit density", "Direct")
    follows = frozenset({"space", "attribute", "a", "b", "a_name", "b_name"})

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.generator_ab = Generator(config).apply(initialise)
        self.generator_ba = Generator(config).apply(initialise)
        self.discriminator_a = discriminator(config).apply(initialise)
        self.discriminator_b = discriminator(config).apply(initialise)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        space = Pictures(channels=3, side=16)
        return (Config(space=space, generator_width=4, discriminator_width=4, depth=2, a_name="blond", b_name="black"),)

    @classmethod
    def config_for(cls, info: DataInfo, **overrides: Any) -> Config:
        """`a` and `b` may be given by their classes' names, one or a list of them."""
        if not info.labels:
            raise GenlibError(f"{info.title} has no labels that could tell two worlds apart: choose another data set.")
        attribute = overrides.setdefault("attribute", info.main_label)
        if attribute not in info.labels:
            raise GenlibError(f"{info.title} has no label {attribute!r}: choose one of {', '.join(info.labels)}.")
        classes = info.labels[attribute]
        for side in ("a", "b"):
            given = overrides.get(side, ())
            asked = [given] if isinstance(given, str | int) else list(given)
            if not asked:
                raise GenlibError(
                    f"Say which pictures are {side.upper()}, as in --set {side}={classes[0]}: choose among "
                    f"{', '.join(classes)}."
                )
            if unknown := [c for c in asked if c not in classes and c not in range(len(classes))]:
                raise GenlibError(f"{attribute} has no class {unknown[0]!r}: choose among {', '.join(classes)}.")
            overrides[side] = tuple(classes.index(c) if isinstance(c, str) else c for c in asked)
            overrides.setdefault(f"{side}_name", ", ".join(classes[c] for c in overrides[side]))
        return super().config_for(info, **overrides)

    @classmethod
    def needs(cls, config: Config) -> Needs:
        return Needs(labels={config.attribute: 1 + max(*config.a, *config.b)})

    # --- Translating ---

    @classmethod
    def worlds(cls, config: Config) -> Worlds:
        kind: Literal["colour", "grey"] = "colour" if config.space.channels == 3 else "grey"
        a, b = (Domain(key(title), title, kind) for title in (config.a_name, config.b_name))
        return Worlds(a, b, sources=(a, b), varies=False)

    def translate(
        self, x: Tensor, source: Domain, seeds: Seeds | None = None, controls: contract.Controls | None = None
    ) -> Tensor:
        """The counterpart of each picture. It has only one: seeds change nothing."""
        generator = self.generator_ab if self._is_a(source) else self.generator_ba
        return generator(self.here(x))

    def examples(self, data: PictureSet, source: Domain) -> tuple[Tensor, Tensor | None]:
        classes = self.config.a if self._is_a(source) else self.config.b
        return data.x(self._of(data.labels, classes)), None

    def _is_a(self, source: Domain) -> bool:
        """Whether it is A, and not B. GenlibError: it is neither."""
        worlds = self.worlds(self.config)
        if source not in worlds.sources:
            raise GenlibError(
                f"This model translates between {worlds.a.title} and {worlds.b.title}, and knows no {source.title}."
            )
        return source == worlds.a

    def _of(self, labels: Mapping[str, Tensor], classes: tuple[int, ...]) -> Tensor:
        """Which pictures are of these classes: bool (N,)."""
        if self.config.attribute not in labels:
            raise GenlibError(
                f"These pictures have no label {self.config.attribute!r}, by which the worlds are told apart."
            )
        values = labels[self.config.attribute]
        return torch.isin(values, torch.tensor(classes, device=values.device))

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        def adam(rate: float, *players: nn.Module) -> Optimizer:
            return Adam([p for player in players for p in player.parameters()], rate, betas=(0.5, 0.999), fused=True)

        return {
            "generators": adam(training.generator_rate, self.generator_ab, self.generator_ba),
            "discriminators": adam(training.discriminator_rate, self.discriminator_a, self.discriminator_b),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        # Each D ascends log D(x) + log(1 - D(G(x'))): L_D_A + L_D_B.
        for k in range(training.discriminator_steps):
            x_a, x_b = self.unpaired(batch.fresh() if k else batch)
            x_ab, x_ba = self.generator_ab(x_a), self.generator_ba(x_b)
            loss_d, critics = torch.zeros((), device=x_a.device), []
            for d, real, fake in ((self.discriminator_a, x_a, x_ba), (self.discriminator_b, x_b, x_ab)):
                real_logits, fake_logits = logits(d, real), logits(d, fake.detach())
                loss_d = loss_d + discriminator_loss(real_logits, fake_logits, smoothing=training.smoothing)
                critics.append((torch.sigmoid(real_logits).mean(), torch.sigmoid(fake_logits).mean()))
            optimizers["discriminators"].zero_grad()
            loss_d.backward()
            optimizers["discriminators"].step()

        # Both G descend L_A + L_B and the reconstructions.
        optimizers["generators"].zero_grad()
        back_a = (self.generator_ba(noised(x_ab, training.noise, batch.rng)) - x_a).abs().mean()
        back_b = (self.generator_ab(noised(x_ba, training.noise, batch.rng)) - x_b).abs().mean()
        with frozen(self.discriminator_a), frozen(self.discriminator_b):
            loss_g = F.softplus(-logits(self.discriminator_a, x_ba)).mean()
            loss_g = loss_g + F.softplus(-logits(self.discriminator_b, x_ab)).mean()
            (loss_g + training.reconstruction * (back_a + back_b)).backward()
        optimizers["generators"].step()

        real, fake = (torch.stack(values).mean().detach() for values in zip(*critics, strict=True))
        return {
            "round trip A": back_a.detach(),
            "round trip B": back_b.detach(),
            "loss D": loss_d.detach(),
            "loss G": loss_g.detach(),
            "D(real)": real,
            "D(fake)": fake,
        }

    def unpaired(self, batch: Batch, tries: int = TRIES) -> tuple[Tensor, Tensor]:
        """The pictures of A and those of B in a batch, equally many, mirrored at random. A small batch may hold none of
        one of them: another one takes its place, so many times."""
        mirrored = torch.rand(len(batch.x), generator=batch.rng, device=batch.x.device) < 0.5
        x = torch.where(mirrored[:, None, None, None], batch.x.flip(3), batch.x)
        a, b = (x[self._of(batch.labels, classes)] for classes in (self.config.a, self.config.b))
        count = min(len(a), len(b))
        if not count and tries and batch.another:
            return self.unpaired(batch.fresh(), tries - 1)
        if not count:
            raise GenlibError(f"A batch of {len(x)} held no picture of one of the worlds: take larger ones.")
        if count == 1:  # batch norm needs two
            return a[:1].repeat(2, 1, 1, 1), b[:1].repeat(2, 1, 1, 1)
        return a[:count], b[:count]


def noised(x: Tensor, deviation: float, rng: torch.Generator) -> Tensor:
    """x with Gaussian noise of this deviation; x itself at 0."""
    return x + deviation * torch.randn(x.shape, generator=rng, device=x.device) if deviation else x


def logits(discriminator: nn.Module, x: Tensor) -> Tensor:
    """D's logits of pictures in [0, 1]."""
    return discriminator(2 * x - 1).float()
