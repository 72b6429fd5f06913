"""Conditional GAN from picture to picture: colour for a line drawing or for a grey picture.

    Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017.
    https://arxiv.org/abs/1611.07004

G maps x, a drawing, to y, its colours. D looks at (x, y) in patches and says of each how real it is (section 3.2.2);
a distance in L1 ties G to the truth, and leaves D what L1 blurs (equation 4):

    G* = arg min_G max_D  E log D(x, y) + E log(1 - D(x, G(x, z)))  +  lambda E |y - G(x, z)|_1

Two things are younger than that paper. G there learns to ignore its noise z, as a drawing has only one truth in the
data. Here z is what an encoder saw of the truth, kept near the prior, so that it says what a drawing leaves open:

    z ~ q(z | y),  + kappa KL(q(z | y) || N(0, 1));  at z = 0 G is told nothing and answers with what is most typical

    Zhu, Zhang, Pathak, Darrell, Efros, Wang, Shechtman, "Toward Multimodal Image-to-Image Translation", NeurIPS 2017
    (cVAE-GAN, section 3.2). https://arxiv.org/abs/1711.11586

And a person may help: x comes with hints, a few patches of true colour and a mask of where they are. In a drawing a
hint speaks for all of the closed region that it lies in, as colours there end at lines.

    Zhang, Zhu, Isola, Geng, Lin, Yu, Efros, "Real-Time User-Guided Image Colorization with Learned Deep Priors",
    SIGGRAPH 2017 (local hints, section 3.2). https://arxiv.org/abs/1705.02999
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from scipy import ndimage
from torch import Tensor, nn
from torch.optim import Optimizer

from genlib import contract
from genlib.contract import Batch, Domain, GenlibError, Paper, Recipe, Seeds, TakesHints, Trains, Translates
from genlib.layers import frozen, levels, normal
from genlib.models.base import Model

if TYPE_CHECKING:
    from genlib.data import DataInfo, Images

HINTS = 4  # channels: the colour, and the mask of where it is given
COLOUR = Domain("coloured pictures", "colour")
DOMAINS = {
    "drawing": (Domain("line drawings", "drawing"), COLOUR),
    "grey": (Domain("grey pictures", "grey"), COLOUR),
}


class Config(contract.Config):
    channels: Literal[3] = Field(3, description="Channels of what is painted: it is in colour")
    source: Literal["drawing", "grey"] = Field(
        "drawing", description="What is coloured: line drawings or grey pictures"
    )
    latent: int = Field(8, ge=1, le=64, description="Dimensions of the noise z")
    generator_width: int = Field(
        32, ge=4, le=128, description="Channels of G's first layer, doubled inwards up to eightfold"
    )
    discriminator_width: int = Field(32, ge=4, le=128, description="Channels of D's first layer, doubled twice")
    dropout: float = Field(
        0.5, ge=0, le=0.9, description="Share of features dropped in G's inner layers while training"
    )
    l1: float = Field(100.0, ge=0, le=1000, description="Lambda, the weight of the distance to the truth")
    kl: float = Field(0.05, ge=0, le=10, description="Kappa, the weight of the noise's distance to its prior, per nat")
    hinted: float = Field(0.5, ge=0, le=1, description="Share of training pictures that come with hints")
    variants: str = Field(
        "",
        pattern=r"^[a-z_]{0,40}$",
        description="Label whose classes but the first are variants of a picture: G is always told what is in them",
    )
    jitter: float = Field(0.1, ge=0, le=0.5, description="Training pictures are moved and scaled by up to this share")

    @model_validator(mode="after")
    def _size(self) -> Config:
        levels(self.image_size)
        return self


class Controls(contract.Controls):
    variation: float = Field(
        1.0, ge=0.0, le=2.0, description="How far seeds may stray from the typical colouring; 0 makes them all the same"
    )


# --- Blocks ----------------------------------------------------------------------------------------------------------


def down(narrow: int, wide: int, norm: bool = True) -> nn.Sequential:
    """Half the side."""
    return nn.Sequential(
        nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=not norm),
        nn.BatchNorm2d(wide) if norm else nn.Identity(),
        nn.LeakyReLU(0.2, inplace=True),
    )


def up(wide: int, narrow: int, dropout: float = 0.0) -> nn.Sequential:
    """Twice the side."""
    return nn.Sequential(
        nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(narrow),
        nn.ReLU(inplace=True),
        nn.Dropout2d(dropout),
    )


class UNet(nn.Module):
    """x (B, 1, H, W) and hints (B, 4, H, W) in [-1, 1], z (B, Z) -> y (B, 3, H, W) in [0, 1].

    Each layer on the way up also reads its mirror image on the way down (section 3.2.1): lines need not squeeze through
    the bottleneck, which is where z comes in. The last layer reads the drawing itself, so lines stay crisp.
    """

    def __init__(self, c: Config) -> None:
        super().__init__()
        _, depth = levels(c.image_size)
        widths = [c.generator_width * min(2**i, 8) for i in range(depth)]  # e.g. 32, 64, 128, 256, 256
        self.down = nn.ModuleList([down(1 + HINTS, widths[0], norm=False), *(down(a, b) for a, b in pairwise(widths))])
        # From the bottleneck out: what comes from below, at first with z, and later the mirror image beside it.
        inputs = [widths[-1] + c.latent, *(2 * w for w in reversed(widths[:-1]))]
        outputs = [*reversed(widths[:-1]), c.generator_width // 2]
        self.up = nn.ModuleList(
            up(wide, narrow, c.dropout if i < depth - 2 else 0.0)
            for i, (wide, narrow) in enumerate(zip(inputs, outputs, strict=True))
        )
        self.last = nn.Conv2d(outputs[-1] + 1 + HINTS, c.channels, 3, padding=1)

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        h, seen = x, [x]
        for layer in self.down:
            h = layer(h)
            seen.append(h)  # 64x64, 32x32, 16x16, 8x8, 4x4 for 128 px
        h = torch.cat([seen.pop(), z[:, :, None, None].expand(-1, -1, *h.shape[2:])], 1)
        for layer in self.up:
            h = torch.cat([layer(h), seen.pop()], 1)
        return torch.sigmoid(self.last(h).float())


def discriminator(c: Config) -> nn.Sequential:
    """(x, hints, y) (B, 8, H, W) -> logit of D for each patch (B, 1, H/8, W/8). A patch is 38 pixels wide."""
    w = c.discriminator_width
    return nn.Sequential(
        down(1 + HINTS + c.channels, w, norm=False), down(w, 2 * w), down(2 * w, 4 * w),
        nn.Conv2d(4 * w, 1, 3, padding=1),
    )  # fmt: skip


def encoder(c: Config) -> nn.Sequential:
    """y (B, 3, H, W) in [-1, 1] -> mean and log variance of q(z | y) (B, 2Z). Which colours there are, not where."""
    w = c.discriminator_width
    return nn.Sequential(
        nn.AvgPool2d(2), down(c.channels, w, norm=False), down(w, 2 * w), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(2 * w, 4 * w), nn.ReLU(inplace=True), nn.Linear(4 * w, 2 * c.latent),
    )  # fmt: skip


def initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02) (section 6.2)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)


def grey(images: Tensor) -> Tensor:
    """Luma (B, 1, H, W) of colour images (B, 3, H, W), by ITU-R BT.601; grey images as they are."""
    if images.shape[1] == 1:
        return images
    return (images * images.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)


# --- Training pictures ------------------------------------------------------------------------------------------------


def jittered(pictures: Tensor, amount: float, rng: torch.Generator) -> Tensor:
    """Pictures (B, C, H, W) mirrored, scaled and moved at random, by up to `amount` of their side (section 6.2)."""
    n, device = len(pictures), pictures.device

    def uniform() -> Tensor:
        return amount * (2 * torch.rand(n, generator=rng, device=device) - 1)

    mirror = 1 - 2 * torch.randint(2, (n,), generator=rng, device=device)
    scale, zero = 1 + uniform(), torch.zeros(n, device=device)
    theta = torch.stack([scale * mirror, zero, uniform(), zero, scale, uniform()], 1).view(n, 2, 3)
    grid = F.affine_grid(theta, list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def recoloured(images: Tensor, rng: torch.Generator) -> Tensor:
    """Images (B, 3, H, W) with red, green and blue exchanged at random: then only hints tell the colours."""
    order = torch.rand(len(images), 3, generator=rng, device=images.device).argsort(1)
    return images.gather(1, order[:, :, None, None].expand_as(images))


def spread(drawing: Tensor, hints: Tensor) -> Tensor:
    """Hints (4, H, W), on the CPU, each over the whole region of the drawing (1, H, W) that it lies in.

    A region is white within lines that are closed: where it reaches the border of the picture a hint stays as it is.
    A blob of one colour counts for the regions that hold two fifths of it or more, as brushes slip over lines; where
    several are in one region, the nearest one rules.
    """
    if not hints[3].any():
        return hints
    region, count = ndimage.label(drawing[0].numpy() > 0.5)
    border = np.unique(np.concatenate([region[0], region[-1], region[:, 0], region[:, -1]]))
    closed = (region > 0) & ~np.isin(region, border)
    values = hints.numpy()
    coarse = (values[:3] * 7).round().astype(int)  # 8 levels a channel: a blob's soft edge is no colour of its own
    colour = np.where(values[3] > 0, 1 + coarse[0] * 64 + coarse[1] * 8 + coarse[2], 0)
    meant = np.zeros_like(closed)
    for c in np.unique(colour[colour > 0]):
        blobs, number = ndimage.label(colour == c)
        shared = np.bincount(blobs.ravel() * (count + 1) + region.ravel(), minlength=(number + 1) * (count + 1))
        shared = shared.reshape(number + 1, count + 1)  # pixels by blob and region
        shared[:, 0], shared[0] = 0, 0
        meant |= (shared >= 0.4 * shared.sum(1, keepdims=True))[blobs, region] & (blobs > 0) & (region > 0)
    filled = values.copy()
    for r in np.unique(region[meant & closed]):
        inside = region == r
        sources = inside & meant
        if (values[:, sources] == values[:, sources][:, :1]).all():
            filled[:, inside] = values[:, sources][:, :1]
        else:
            near = ndimage.distance_transform_edt(~sources, return_distances=False, return_indices=True)
            filled[:, inside] = values[:, near[0], near[1]][:, inside]
    return torch.from_numpy(filled)


class Pix2Pix(Model, Translates, TakesHints, Trains):
    Config: ClassVar = Config
    Controls: ClassVar = Controls
    title = "Conditional GAN (pix2pix)"
    idea = (
        "The generator paints colours into a drawing; the discriminator sees drawing and painting together, patch by "
        "patch, and learns to tell whether they are a real pair."
    )
    paper = Paper(
        "Image-to-Image Translation with Conditional Adversarial Networks",
        "Isola, Zhu, Zhou & Efros", 2017, "https://arxiv.org/abs/1611.07004",
    )  # fmt: skip
    family = ("Implicit density", "Direct")

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.config: Config
        self.generator = UNet(config).apply(initialise)
        self.discriminator = discriminator(config).apply(initialise)
        self.encoder = encoder(config).apply(initialise)

    @classmethod
    def tiny(cls) -> Config:
        return Config(image_size=16, latent=2, generator_width=4, discriminator_width=4, dropout=0.2)

    @classmethod
    def config_for(cls, info: DataInfo, **overrides: Any) -> contract.Config:
        config = super().config_for(info, **overrides)
        if config.source == "drawing" and not info.has_lines:
            raise GenlibError(f"{info.title} has no line drawings: choose emoji, or add --set source=grey.")
        return config

    # --- Translating ---

    def domains(self) -> tuple[Domain, Domain]:
        return DOMAINS[self.config.source]

    def sources(self) -> tuple[str, ...]:
        return (self.domains()[0].name,)

    def varies(self) -> bool:
        return True

    def translate(
        self, images: Tensor, source: str, seeds: Seeds | None = None, controls: contract.Controls | None = None
    ) -> Tensor:
        hints = images.new_zeros(len(images), HINTS, *images.shape[2:])
        return self.translate_hinted(images, source, hints, seeds, controls)

    def translate_hinted(
        self,
        images: Tensor,
        source: str,
        hints: Tensor,
        seeds: Seeds | None = None,
        controls: contract.Controls | None = None,
    ) -> Tensor:
        if source not in self.sources():
            raise GenlibError(f"This model colours {self.sources()[0]}, and cannot start from {source!r}.")
        z = torch.zeros(len(images), self.config.latent)
        if seeds is not None:
            z = (controls or Controls()).variation * normal(seeds, self.config.latent, truncation=2.0)
        x = grey(images)
        return self.paint(x.to(self.device), self.understood(x, hints).to(self.device), z.to(self.device))

    def understood(self, x: Tensor, hints: Tensor) -> Tensor:
        """Hints (B, 4, H, W) as G is given them: in drawings, spread over their regions."""
        if self.config.source != "drawing":
            return hints
        if (hints == hints[:1]).all() and (x == x[:1]).all():  # one picture, for several seeds
            return spread(x[0].cpu(), hints[0].cpu()).to(hints.device).expand(len(x), -1, -1, -1)
        return torch.stack([spread(d, h) for d, h in zip(x.cpu(), hints.cpu(), strict=True)]).to(hints.device)

    def paint(self, x: Tensor, hints: Tensor, z: Tensor) -> Tensor:
        """G(x, z): y (B, 3, H, W) from x (B, 1, H, W) in [0, 1], hints (B, 4, H, W), z (B, Z).

        Where x is grey, its greys are the truth's own: y keeps them, and takes from the network what they leave open.
        """
        y = self.generator(self.condition(x, hints), z)
        return y if self.config.source == "drawing" else (y + x - grey(y)).clamp(0, 1)

    @staticmethod
    def condition(x: Tensor, hints: Tensor) -> Tensor:
        """x and hints as the networks read them, (B, 5, H, W) in [-1, 1]; no hint is grey and 0."""
        colour, mask = hints[:, :3], hints[:, 3:]
        return torch.cat([2 * x - 1, (2 * colour - 1) * mask, mask], 1)

    def examples(self, data: Images, source: str) -> tuple[Tensor, Tensor | None]:
        if self.config.source == "drawing" and data.lines is None:
            raise GenlibError(f"{data.info.title} has no line drawings.")
        truths = data.batch(slice(None))
        return (data.line_batch(slice(None)) if self.config.source == "drawing" else grey(truths)), truths

    def hints_from(self, truths: Tensor, images: Tensor, counts: Sequence[int], rng: torch.Generator) -> Tensor:
        """Square patches, at most 9 of 128 pixels wide, around normal random points, in the colour of their centre.

        As in Zhang 2017, section 3.2, but for the colour (theirs is the patch's mean: mud where it meets a line) and
        that nobody hints at a line: such a point is drawn again.
        """
        side = truths.shape[-1]
        hints = truths.new_zeros(len(truths), HINTS, side, side)
        reach = max(1, round(side * 9 / 128) // 2)
        for i, count in enumerate(counts):
            points = (side / 2 + side / 4 * torch.randn(4 * count, 2, generator=rng, device=rng.device)).round().long()
            y, x = points.clamp(0, side - 1).unbind(1)
            if self.config.source == "drawing":
                paper = images[i, 0, y, x] > 0.5
                y, x = y[paper], x[paper]
            radii = torch.randint(reach + 1, (count,), generator=rng, device=rng.device)
            for v, h, r in zip(y.tolist(), x.tolist(), radii.tolist(), strict=False):
                area = hints[i, :, max(0, v - r) : v + r + 1, max(0, h - r) : h + r + 1]
                area[:3], area[3] = truths[i, :, v, h, None, None], 1
        return hints

    # --- Training ---

    def optimizers(self, recipe: Recipe) -> dict[str, Optimizer]:
        rate = recipe.learning_rate or 2e-4
        painter = [*self.generator.parameters(), *self.encoder.parameters()]
        return {
            "generator": torch.optim.Adam(painter, rate, betas=(0.5, 0.999), fused=True),
            "discriminator": torch.optim.Adam(self.discriminator.parameters(), rate, betas=(0.5, 0.999), fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
        x, y, hints = self.training_pairs(batch)

        # z ~ q(z | y), or for a part of the pictures z = 0: nothing is told.
        mean, log_variance = self.encoder(2 * y - 1).float().chunk(2, 1)
        noise = torch.randn(mean.shape, generator=batch.rng, device=mean.device)
        told = self.told(batch).float()[:, None]
        fake = self.paint(x, hints, told * (mean + (log_variance / 2).exp() * noise))

        # D ascends log D(x, y) + log(1 - D(x, G(x, z))), at half the pace (section 3.3).
        optimizers["discriminator"].zero_grad()
        real_logits, fake_logits = self.logits(x, hints, y), self.logits(x, hints, fake.detach())
        loss_d = (F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()) / 2
        loss_d.backward()
        optimizers["discriminator"].step()

        # G ascends log D(x, G(x, z)) - lambda |y - G(x, z)| - kappa KL(q(z | y) || N(0, 1)).
        optimizers["generator"].zero_grad()
        kl = (told * (mean**2 + log_variance.exp() - 1 - log_variance) / 2).sum() / told.sum().clamp(min=1)
        l1 = (y - fake).abs().mean((1, 2, 3))
        with frozen(self.discriminator):
            loss_g = F.softplus(-self.logits(x, hints, fake)).mean()
            (loss_g + self.config.l1 * l1.mean() + self.config.kl * kl).backward()
        optimizers["generator"].step()

        return {
            "L1": l1.mean().detach(),
            "KL": kl.detach(),
            "loss D": loss_d.detach(),
            "loss G": loss_g.detach(),
            "D(real)": torch.sigmoid(real_logits).mean().detach(),
            "D(fake)": torch.sigmoid(fake_logits).mean().detach(),
        }

    def told(self, batch: Batch) -> Tensor:
        """Of which pictures G is told z, bool (B,): all variants, and four in ten of the rest.

        What is most typical is to be learned from the pictures themselves: a wave of the hand comes in six skin tones.
        """
        told = torch.rand(len(batch.images), generator=batch.rng, device=batch.images.device) < 0.4
        if self.config.variants in batch.labels:
            told |= batch.labels[self.config.variants] > 0
        return told

    def training_pairs(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, 1, H, W), y (B, 3, H, W) and hints (B, 4, H, W) of a batch, jittered.

        Half of the pictures with hints also get other colours, as a person's colours need not be the data's.
        """
        n, rng = len(batch.images), batch.rng
        x = batch.condition if self.config.source == "drawing" else grey(batch.images)
        assert x is not None, "a drawing is coloured, and the data has none"
        x, y = jittered(torch.cat([x, batch.images], 1), self.config.jitter, rng).split([1, 3], 1)
        hinted, odd = torch.rand(2, n, generator=rng, device=y.device)
        # Their number is geometric with mean 8 (Zhang 2017, section 3.2).
        counts = (1 + torch.log1p(-torch.rand(n, generator=rng, device=y.device)) / math.log(1 - 1 / 8)).long()
        counts = counts.clamp(max=100) * (hinted < self.config.hinted)
        if self.config.source == "drawing":  # a grey picture's luma is that of its own colours
            y = torch.where((odd < 0.5).logical_and(counts > 0)[:, None, None, None], recoloured(y, rng), y)
        return x, y, self.understood(x, self.hints_from(y, x, counts.tolist(), rng))

    def logits(self, x: Tensor, hints: Tensor, y: Tensor) -> Tensor:
        """D's logits (B, 1, H/8, W/8) on pairs."""
        return self.discriminator(torch.cat([self.condition(x, hints), 2 * y - 1], 1)).float()
