"""Conditional GAN from picture to picture: colour for a line drawing or for a grey picture.

    Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial Networks", CVPR 2017.
    https://arxiv.org/abs/1611.07004

G maps x, a drawing, to y, its colours. D looks at (x, y) in patches and says of each how real it is (section 3.2.2);
a distance in L1 ties G to the truth, and leaves D what L1 blurs (equation 4):

    G* = arg min_G max_D  E log D(x, y) + E log(1 - D(x, G(x, z)))  +  lambda E |y - G(x, z)|_1

Three things are younger than that paper. G there learns to ignore its noise z, as a drawing has only one truth in the
data. Here z is what an encoder saw of the truth, kept near the prior, so that it says what a drawing leaves open:

    z ~ q(z | y),  + kappa KL(q(z | y) || N(0, 1));  at z = 0 G is told nothing and answers with what is most typical

    Zhu, Zhang, Pathak, Darrell, Efros, Wang, Shechtman, "Toward Multimodal Image-to-Image Translation", NeurIPS 2017
    (cVAE-GAN, section 3.2). https://arxiv.org/abs/1711.11586

Or, for a drawing, its colours are chosen region by region, before G paints. A third network says how likely each
colour of a palette is at each place, as a drawing of a gift leaves it open and that of a tree hardly does; the largest
region draws its colour from that, which is then a hint like a person's, the next ones draw given it, and so on:

    k_r = argmax_k log w_k p(k | x, hints, k_1 ... k_r-1) + log v(k) / 2 + T g_k,  g Gumbel noise made from z;
                                           at z = 0 all g_k are the same, and the likeliest colour comes

Here v(k) says how near k is to what G itself would paint: both have learned what the drawing shows, and are right
together more often than alone (a product of experts).

    Zhang, Isola, Efros, "Colorful Image Colorization", ECCV 2016 (colours as classes, section 2.1; what is rare counts
        more, section 2.2: there while learning, here while choosing).
    https://arxiv.org/abs/1603.08511

And a person may help: x comes with hints, a few patches of true colour and a mask of where they are. In a drawing a
hint speaks for all of the closed region that it lies in, as colours there end at lines (genlib/hints.py).

    Zhang, Zhu, Isola, Geng, Lin, Yu, Efros, "Real-Time User-Guided Image Colorization with Learned Deep Priors",
    SIGGRAPH 2017 (local hints, section 3.2). https://arxiv.org/abs/1705.02999
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.optim import Adam, AdamW, Optimizer

from genlib import contract
from genlib.augment import by_hand, jittered
from genlib.contract import Batch, Domain, Needs, Paper, Seeds, TakesHints, Trains, Translates, Varies, Worlds
from genlib.errors import GenlibError
from genlib.hints import HINTS, enclosed, no_hints, random_counts, random_hints, recoloured, spread_all, unhinted
from genlib.models.base import Model
from genlib.models.gan import discriminator_loss
from genlib.nets import Dropout, Stack, frozen, halvings, initialise
from genlib.noise import Noise
from genlib.sketch import bridged
from genlib.spaces import Pictures

if TYPE_CHECKING:
    from genlib.data import DataInfo, PictureSet

UNCOLOURED = {
    "drawing": Domain("line-drawings", "line drawings", "drawing"),
    "grey": Domain("grey-pictures", "grey pictures", "grey"),
}
# What k-means finds in the colours of the training pictures of emoji and icons (k = 32, in CIELAB), and how many of a
# thousand areas there have each.
PALETTE = {
    "2A2A2A": 62, "433B6B": 29, "6A462F": 49, "8E24AA": 4, "5064C9": 12, "627077": 29, "D42544": 49, "8B62BF": 20,
    "B35F47": 13, "A17639": 15, "E24D3D": 17, "FA3C32": 36, "EA4B8D": 11, "EC6E24": 41, "66A644": 23, "319FE7": 50,
    "34A9AE": 13, "979C9F": 41, "ADA01E": 2, "D1AC7D": 17, "F89CB5": 12, "00D26A": 4, "FBA931": 62, "ABC933": 11,
    "8FD1F3": 40, "C9CCCE": 64, "FAC377": 40, "FFC83D": 58, "FADFB8": 20, "FCEA2B": 21, "E8ECEE": 37, "FFFFFF": 97,
}  # fmt: skip
ROUNDS = (0, 1, 3, 12)  # the largest region chooses first, then the next two at once, then nine more
LEAST_REGION = 0.002  # of the picture: what is smaller is left to G
CHOOSER_RATE = 1e-3  # its learning rate
NEIGHBOURS, VOTES = 0.08, 0.15  # standard deviations of near(), of the truth's colours and of G's own
FLOOR = 0.01  # of G's votes for any colour
LEAST_CHANCE = 0.02  # of the likeliest colour's: what is less likely is never drawn
TEMPERATURE = 1.5  # of the Gumbel noise: both networks are surer than the answers should be alike
COLOURED = Domain("coloured-pictures", "coloured pictures", "colour")


class Config(contract.Config):
    space: Pictures = Field(Pictures(channels=3, side=64), description="What is painted: pictures in colour")
    source: Literal["drawing", "grey"] = Field("drawing", description="What is coloured: drawings or grey pictures")
    noise: Literal["code", "palette"] = Field(
        "code", description="What noise decides: a code beside the drawing, or which colour of a palette a region gets"
    )
    latent: int = Field(8, ge=1, le=64, description="Dimensions of the code")
    generator_width: int = Field(32, ge=4, le=128, description="Channels of G's first layer; inside up to 8 x as many")
    discriminator_width: int = Field(32, ge=4, le=128, description="Channels of D's first layer, doubled twice")
    chooser_width: int = Field(32, ge=4, le=128, description="Channels of what chooses colours; inside up to 5 x")
    dropout: float = Field(0.5, ge=0, le=0.9, description="Share of features dropped in G's inner layers")

    @model_validator(mode="after")
    def _space(self) -> Config:
        halvings(self.space.side)
        if self.space.channels != 3:
            raise ValueError("what is painted is in colour: its pictures must have 3 channels")
        if self.noise == "palette":
            if self.source != "drawing":
                raise ValueError("a palette is for the regions of drawings, and grey pictures have none")
            halvings(self.space.side // 4)
        return self

    @property
    def code(self) -> int:
        """Numbers that the generator reads beside the drawing."""
        return self.latent if self.noise == "code" else 0


class Training(contract.Training):
    generator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of G and of the encoder")
    discriminator_rate: float = Field(2e-4, gt=0, le=1, description="Learning rate of D")
    discriminator_steps: int = Field(1, ge=1, le=20, description="Steps of D, each on fresh data, for one of G")
    smoothing: float = Field(0.0, ge=0, le=0.5, description="D aims at 1 - this on real pairs, and at 0 on others")
    l1: float = Field(100.0, ge=0, le=1000, description="Lambda, the weight of the distance to the truth")
    kl: float = Field(0.05, ge=0, le=10, description="Kappa, the weight of the noise's distance to its prior, per nat")
    hinted: float = Field(0.5, ge=0, le=1, description="Share of training pictures that come with hints")
    variants: str = Field(
        "", pattern=r"^[a-z_]{0,40}$", description="Label: G is always told what is in pictures not of its first class"
    )
    jitter: float = Field(0.1, ge=0, le=0.5, description="Training pictures are moved and scaled by up to this share")
    shrink: float = Field(0.0, ge=0, le=0.7, description="Training pictures are made smaller by up to this share")
    hand: float = Field(0.0, ge=0, le=1, description="How often lines are as drawn by hand: shaky, thick, with gaps")


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


def up(wide: int, narrow: int, dropout: float) -> Stack:
    """Twice the side."""
    return Stack(
        nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(narrow),
        nn.ReLU(inplace=True), Dropout(dropout, whole=True),
    )  # fmt: skip


class UNet(nn.Module):
    """x (B, 1, H, W) and hints (B, 4, H, W) in [-1, 1], z (B, Z) -> y (B, 3, H, W) in [0, 1].

    Each layer on the way up also reads its mirror image on the way down (section 3.2.1): lines need not squeeze through
    the bottleneck, which is where z comes in. The last layer reads the drawing itself, so lines stay crisp.
    """

    def __init__(self, c: Config) -> None:
        super().__init__()
        _, depth = halvings(c.space.side)
        widths = [c.generator_width * min(2**i, 8) for i in range(depth)]  # e.g. 32, 64, 128, 256, 256
        self.down = nn.ModuleList([down(1 + HINTS, widths[0], norm=False), *(down(a, b) for a, b in pairwise(widths))])
        # From the bottleneck out: what comes from below, at first with z, and later the mirror image beside it.
        inputs = [widths[-1] + c.code, *(2 * w for w in reversed(widths[:-1]))]
        outputs = [*reversed(widths[:-1]), c.generator_width // 2]
        self.up = nn.ModuleList(
            up(wide, narrow, c.dropout if i < depth - 2 else 0.0)
            for i, (wide, narrow) in enumerate(zip(inputs, outputs, strict=True))
        )
        self.last = nn.Conv2d(outputs[-1] + 1 + HINTS, c.space.channels, 3, padding=1)

    def forward(self, x: Tensor, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        h, seen = x, list[Tensor]()
        for layer in self.down:
            h = layer(h)
            seen.append(h)  # 64x64, 32x32, 16x16, 8x8, 4x4 for 128 px
        h = torch.cat([seen.pop(), z[:, :, None, None].expand(-1, -1, *h.shape[2:])], 1)
        for layer in self.up[:-1]:
            h = torch.cat([layer(h, rng), seen.pop()], 1)
        return torch.sigmoid(self.last(torch.cat([self.up[-1](h, rng), x], 1)).float())


class Residual(nn.Module):
    """h + f(h), or half the side and other channels. He et al., "Deep Residual Learning", CVPR 2016."""

    def __init__(self, narrow: int, wide: int, stride: int) -> None:
        super().__init__()
        self.inside = nn.Sequential(
            nn.Conv2d(narrow, wide, 3, stride, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU(inplace=True),
            nn.Conv2d(wide, wide, 3, 1, 1, bias=False), nn.BatchNorm2d(wide),
        )  # fmt: skip
        self.past = nn.Identity() if stride == 1 else nn.Conv2d(narrow, wide, 1, stride, bias=False)

    def forward(self, h: Tensor) -> Tensor:
        return F.relu(self.past(h) + self.inside(h))


class Chooser(nn.Module):
    """x (B, 1, H, W) and hints (B, 4, H, W) in [-1, 1] -> logits of the palette's colours (B, K, H/4, W/4).

    What colour an area has depends on what the whole is a drawing of: deeper than G, coarser, and with the mean of all
    places beside each.
    """

    def __init__(self, c: Config) -> None:
        super().__init__()
        _, depth = halvings(c.space.side // 4)
        widths = [c.chooser_width * min(1 + i, 5) for i in range(depth + 1)]  # e.g. 32, 64, 96, 128
        self.first = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(1 + HINTS, widths[0], 4, stride=2, padding=1))
        self.down = nn.ModuleList(nn.Sequential(Residual(a, b, 2), Residual(b, b, 1)) for a, b in pairwise(widths))
        self.whole = nn.Linear(widths[-1], widths[-1])
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a + b, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))
            for a, b in pairwise(reversed(widths))
        )
        self.last = nn.Conv2d(widths[0], len(PALETTE), 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        seen = [h]  # 32x32 for 128 px
        for layer in self.down:
            h = layer(h)
            seen.append(h)  # 16x16, 8x8, 4x4
        h = seen.pop()
        h = h + self.whole(h.mean((2, 3)))[:, :, None, None]
        for layer in self.up:
            h = layer(torch.cat([F.interpolate(h, scale_factor=2.0), seen.pop()], 1))
        logits: Tensor = self.last(h).float()
        return logits


def discriminator(c: Config) -> nn.Sequential:
    """(x, hints, y) (B, 8, H, W) -> logit of D for each patch (B, 1, H/8, W/8). A patch is 38 pixels wide."""
    w = c.discriminator_width
    return nn.Sequential(
        down(1 + HINTS + c.space.channels, w, norm=False), down(w, 2 * w), down(2 * w, 4 * w),
        nn.Conv2d(4 * w, 1, 3, padding=1),
    )  # fmt: skip


def encoder(c: Config) -> nn.Sequential:
    """y (B, 3, H, W) in [-1, 1] -> mean and log variance of q(z | y) (B, 2Z). Which colours there are, not where."""
    w = c.discriminator_width
    return nn.Sequential(
        nn.AvgPool2d(2), down(c.space.channels, w, norm=False), down(w, 2 * w), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(2 * w, 4 * w), nn.ReLU(inplace=True), nn.Linear(4 * w, 2 * c.latent),
    )  # fmt: skip


def palette(device: torch.device | str = "cpu") -> Tensor:
    """Its colours (K, 3) in [0, 1]."""
    return torch.tensor([list(bytes.fromhex(colour)) for colour in PALETTE], device=device) / 255


def near(y: Tensor, sigma: float) -> Tensor:
    """Shares (B, K, H, W) of the palette's colours in what is seen at each pixel of y (B, 3, H, W): of its neighbours
    among them, by a Gaussian of the distance in RGB (Zhang 2016, section 2.1)."""
    away = (y[:, None] - palette(y.device)[:, :, None, None]).square().sum(2)
    return (-away / (2 * sigma**2)).softmax(1)


def rarity() -> Tensor:
    """What a colour's likelihood counts, float64 (K,): w_k = 1 / ((1 - lambda) p_k + lambda / K), lambda = 1/2, where
    p_k is the share of areas that have it (equation 4 of Zhang 2016). Without it most of what may have several colours
    is white, as no other single colour is as frequent."""
    shares = torch.tensor([*PALETTE.values()], dtype=torch.float64)
    return 2 / (shares / shares.sum() + 1 / len(shares))


def grey(images: Tensor) -> Tensor:
    """Luma (B, 1, H, W) of colour pictures (B, 3, H, W), by ITU-R BT.601; grey pictures as they are."""
    if images.shape[1] == 1:
        return images
    return (images * images.new_tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)


class Pix2Pix(Model[Config, Controls, Training], Translates, TakesHints, Varies, Trains[Training]):
    title = "Conditional GAN (pix2pix)"
    short = "pix2pix"
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
        self.generator = UNet(config).apply(initialise)
        self.discriminator = discriminator(config).apply(initialise)
        if config.noise == "code":
            self.encoder = encoder(config).apply(initialise)
        else:
            self.chooser = Chooser(config)

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        space = Pictures(channels=3, side=32)
        return (Config(space=space, latent=2, generator_width=4, discriminator_width=4, dropout=0.2),)

    @classmethod
    def config_for(cls, info: DataInfo, **overrides: Any) -> Config:
        config = super().config_for(info, **overrides)
        if cls.needs(config).paired and not info.has_lines:
            raise GenlibError(f"{info.title} has no line drawings: choose emoji, or add --set source=grey.")
        return config

    @classmethod
    def needs(cls, config: Config) -> Needs:
        return Needs(paired=config.source == "drawing")

    # --- Translating ---

    @classmethod
    def worlds(cls, config: Config) -> Worlds:
        source = UNCOLOURED[config.source]
        return Worlds(source, COLOURED, sources=(source,), varies=True)

    def translate(
        self, x: Tensor, source: Domain, seeds: Seeds | None = None, controls: contract.Controls | None = None
    ) -> Tensor:
        return self.translate_hinted(x, source, no_hints(x), seeds, controls)

    def translate_hinted(
        self,
        x: Tensor,
        source: Domain,
        hints: Tensor,
        seeds: Seeds | None = None,
        controls: contract.Controls | None = None,
    ) -> Tensor:
        z = torch.zeros(len(x), self.dims) if seeds is None else self.codes(seeds, controls)
        return self.translate_by(x, source, z, hints)

    @property
    def dims(self) -> int:
        """Of z: those of the code, or a number for each colour in each round of choosing."""
        return self.config.code or (len(ROUNDS) - 1) * len(PALETTE)

    def codes(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.set_by(controls).variation * Noise(seeds).normal(self.dims, truncation=2.0)

    def translate_by(self, x: Tensor, source: Domain, z: Tensor, hints: Tensor | None = None) -> Tensor:
        self._check(source)
        x = grey(x)
        hints = self.understood(x, no_hints(x) if hints is None else hints)
        if self.config.noise == "palette":
            hints, z = self.chosen(x, hints, z), z[:, :0]
        return self.paint(self.here(x), self.here(hints), self.here(z))

    def chosen(self, x: Tensor, hints: Tensor, z: Tensor) -> Tensor:
        """Hints (B, 4, H, W) and, in the larger regions without one, colours of the palette drawn by z (B, Z), the
        likeliest where z is 0."""
        gumbel = -(-torch.special.ndtr(z.double().cpu()).log()).log().unflatten(1, (-1, len(PALETTE)))
        # One picture for several seeds, as a page asks: until the first colours it is looked at once.
        apart = 1 if (x == x[:1]).all() and (hints == hints[:1]).all() else len(x)
        places = [
            unhinted(d, bridged.enclosed(d[0].numpy()), h, ROUNDS[-1], LEAST_REGION)
            for d, h in zip(x[:apart].cpu(), hints[:apart].cpu(), strict=True)
        ]
        shares = [F.avg_pool2d(r.float()[None], 4)[0].flatten(1) if len(r) else r for r in places]  # (R, H/4 * W/4)
        shares = [share / share.sum(1, keepdim=True) for share in shares]
        own = self.paint(self.here(x[:apart]), self.here(hints[:apart]), self.here(z[:apart, :0]))
        votes = near(own[:, :, 2::4, 2::4], VOTES).flatten(2).cpu()  # v(k) (B, K, H/4 * W/4)
        hints, colours, rare = hints.clone(), palette(hints.device), rarity()
        for j, (first, last) in enumerate(pairwise(ROUNDS)):
            seen = slice(len(x) if j else apart)
            logits = self.chooser(self.condition(self.here(x[seen]), self.here(hints[seen])))
            chances = logits.softmax(1).flatten(2).cpu()  # p(k | x, hints) (B, K, H/4 * W/4)
            for i in range(len(x)):
                for region, share in zip(places[i % apart][first:last], shares[i % apart][first:last], strict=True):
                    chance = rare * (chances[i % len(chances)] @ share) * ((votes[i % apart] @ share) + FLOOR).sqrt()
                    # The noise goes by likelihood: a seed stands for no colour, and like regions get like ones.
                    likely, which = chance.where(chance > LEAST_CHANCE * chance.max(), 0).sort(descending=True)
                    k = which[(likely.log() + TEMPERATURE * gumbel[i, j]).argmax()]
                    hints[i, :3, region], hints[i, 3:, region] = colours[k, :, None], 1
        return hints

    def _check(self, source: Domain) -> None:
        (ours,) = self.worlds(self.config).sources
        if source != ours:
            raise GenlibError(f"This model colours {ours.title}, and cannot start from {source.title}.")

    def understood(self, x: Tensor, hints: Tensor) -> Tensor:
        """Hints (B, 4, H, W) as G is given them: in drawings, spread over their regions."""
        return spread_all(x, hints) if self.config.source == "drawing" else hints

    def paint(self, x: Tensor, hints: Tensor, z: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """G(x, z): y (B, 3, H, W) from x (B, 1, H, W) in [0, 1], hints (B, 4, H, W), z (B, Z). `rng` draws the dropout.

        Where x is grey, its greys are the truth's own: y keeps them, and takes from the network what they leave open.
        """
        y: Tensor = self.generator(self.condition(x, hints), z, rng)
        return y if self.config.source == "drawing" else (y + x - grey(y)).clamp(0, 1)

    @staticmethod
    def condition(x: Tensor, hints: Tensor) -> Tensor:
        """x and hints as the networks read them, (B, 5, H, W) in [-1, 1]; no hint is grey and 0."""
        colour, mask = hints[:, :3], hints[:, 3:]
        return torch.cat([2 * x - 1, (2 * colour - 1) * mask, mask], 1)

    def examples(self, data: PictureSet, source: Domain) -> tuple[Tensor, Tensor | None]:
        self._check(source)
        if self.config.source == "drawing" and not data.paired:
            raise GenlibError(f"{data.info.title} has no line drawings.")
        truths = data.x(slice(None))
        return (data.drawings(slice(None)) if self.config.source == "drawing" else grey(truths)), truths

    def hints_from(self, truths: Tensor, x: Tensor, counts: Sequence[int], rng: torch.Generator) -> Tensor:
        return random_hints(truths, counts, rng, within=x > 0.5 if self.config.source == "drawing" else None)

    # --- Training ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        betas = (0.5, 0.999)
        painter = [*self.generator.parameters(), *(self.encoder.parameters() if self.config.noise == "code" else ())]
        found: dict[str, Optimizer] = {
            "generator": Adam(painter, training.generator_rate, betas, fused=True),
            "discriminator": Adam(self.discriminator.parameters(), training.discriminator_rate, betas, fused=True),
        }
        if self.config.noise == "palette":
            found["chooser"] = AdamW(self.chooser.parameters(), CHOOSER_RATE, weight_decay=0.05, fused=True)
        return found

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        rng = batch.rng
        for k in range(training.discriminator_steps):
            present = batch.fresh() if k else batch
            x, y, hints, open_ = self.training_pairs(present, training)
            z, kl = self.encoded(present, y, training)
            fake = self.paint(x, hints, z, rng)

            # D ascends log D(x, y) + log(1 - D(x, G(x, z))), at half the pace (section 3.3).
            real_logits, fake_logits = self.logits(x, hints, y), self.logits(x, hints, fake.detach())
            loss_d = discriminator_loss(real_logits, fake_logits, smoothing=training.smoothing) / 2
            optimizers["discriminator"].zero_grad()
            loss_d.backward()
            optimizers["discriminator"].step()

        # G ascends log D(x, G(x, z)) - lambda |y - G(x, z)| - kappa KL(q(z | y) || N(0, 1)).
        optimizers["generator"].zero_grad()
        l1 = (y - fake).abs().mean()
        with frozen(self.discriminator):
            loss_g = F.softplus(-self.logits(x, hints, fake)).mean()
            (loss_g + training.l1 * l1 + training.kl * kl).backward()
        optimizers["generator"].step()

        said = {"KL": kl.detach()}
        # The chooser ascends log p(k | x, hints).
        if self.config.noise == "palette":
            surprise = self.surprise(x, hints, y, open_)
            optimizers["chooser"].zero_grad()
            surprise.backward()
            optimizers["chooser"].step()
            said = {"surprise": surprise.detach()}

        return {
            "L1": l1.detach(),
            **said,
            "loss D": loss_d.detach(),
            "loss G": loss_g.detach(),
            "D(real)": torch.sigmoid(real_logits).mean().detach(),
            "D(fake)": torch.sigmoid(fake_logits).mean().detach(),
        }

    def encoded(self, batch: Batch, y: Tensor, training: Training) -> tuple[Tensor, Tensor]:
        """z ~ q(z | y) (B, Z), or 0 for a part of the pictures, where nothing is told; and the KL of the rest, nats."""
        if self.config.noise == "palette":
            return y.new_zeros(len(y), 0), y.new_zeros(())
        mean, log_variance = self.encoder(2 * y - 1).float().chunk(2, 1)
        noise = torch.randn(mean.shape, generator=batch.rng, device=mean.device)
        told = self.told(batch, training).float()[:, None]
        kl = (told * (mean**2 + log_variance.exp() - 1 - log_variance) / 2).sum() / told.sum().clamp(min=1)
        return told * (mean + (log_variance / 2).exp() * noise), kl

    def surprise(self, x: Tensor, hints: Tensor, y: Tensor, open_: Tensor) -> Tensor:
        """-sum_k q(k | y) log p(k | x, hints) in nats, per pixel of every fourth row and column, where the colour is
        `open_`, bool (B, H, W). q is soft: of y's neighbours among the palette's colours, the nearest counts most."""
        y, counts = y[:, :, 2::4, 2::4], open_[:, 2::4, 2::4].float()
        logits = self.chooser(self.condition(x, hints))
        missed = F.cross_entropy(logits, near(y, NEIGHBOURS), reduction="none")
        return (counts * missed).sum() / counts.sum().clamp(min=1)

    def told(self, batch: Batch, training: Training) -> Tensor:
        """Of which pictures G is told z, bool (B,): all variants, and four in ten of the rest. What is most typical
        is to be learned from the pictures themselves: a wave of the hand comes in six skin tones."""
        told = torch.rand(len(batch.x), generator=batch.rng, device=batch.x.device) < 0.4
        if training.variants in batch.labels:
            told |= batch.labels[training.variants] > 0
        return told

    def training_pairs(self, batch: Batch, training: Training) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """x (B, 1, H, W), y (B, 3, H, W) and hints (B, 4, H, W) of a batch, jittered; and where the colour is open,
        bool (B, H, W): in closed regions without a hint, of pictures in the data's own colours.

        Half of the pictures with hints get other colours, as a person's colours need not be the data's.
        """
        rng, drawn = batch.rng, self.config.source == "drawing"
        x = batch.condition if drawn else grey(batch.x)
        assert x is not None, "a drawing is coloured, and the data has none"
        x, y = jittered(torch.cat([x, batch.x], 1), training.jitter, training.shrink, rng).split([1, 3], 1)
        hinted, odd = torch.rand(2, len(y), generator=rng, device=y.device)
        helped = hinted < training.hinted
        if self.config.noise == "palette" and training.variants in batch.labels:
            helped |= batch.labels[training.variants] > 0  # no code tells what is in a variant
        counts = random_counts(len(y), rng) * helped
        recolour = (odd < 0.5).logical_and(counts > 0)
        y = torch.where(recolour[:, None, None, None], recoloured(y, rng), y) if drawn else y
        hints = self.hints_from(y, x, counts.tolist(), rng)
        open_ = torch.zeros_like(x[:, 0], dtype=torch.bool)
        if self.config.noise == "palette":
            open_ = enclosed(x) & ~recolour[:, None, None]
        if drawn and training.hand:
            x = by_hand(x, training.hand, rng)
        hints = self.understood(x, hints)
        return x, y, hints, open_ & (hints[:, 3] == 0)

    def logits(self, x: Tensor, hints: Tensor, y: Tensor) -> Tensor:
        """D's logits (B, 1, H/8, W/8) on pairs."""
        return self.discriminator(torch.cat([self.condition(x, hints), 2 * y - 1], 1)).float()
