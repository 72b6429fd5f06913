"""VAE/GAN: a variational autoencoder whose reconstruction is judged by what a discriminator sees.

    Larsen, Sønderby, Larochelle, Winther, "Autoencoding beyond pixels using a learned similarity metric", ICML 2016.
    https://arxiv.org/abs/1512.09300

A VAE that is judged pixel by pixel draws blurred: where it is unsure of an edge, the mean of all places costs least.
Here the decoder is also the generator of a GAN, and a reconstruction is compared with its picture by the activations
D_l of a hidden layer of the discriminator, which does not care by how many pixels a hair is off (section 2.3).

    z  = mu(x) + sigma(x) eps,  x~ = Dec(z)               a reconstruction
    z_p ~ N(0, I),              x_p = Dec(z_p)            a sample

    L_prior = KL(q(z|x) || N(0, I))
    L_llike = -E_q(z|x) log N(D_l(x); D_l(x~), I)         = 1/2 |D_l(x) - D_l(x~)|^2 + const        (equations 6, 7)
    L_GAN   = log D(x) + log(1 - D(x~)) + log(1 - D(x_p))                                           (algorithm 1)

Each part descends what concerns it (section 2.3, algorithm 1):

    Enc    beta L_prior + L_llike              beta = 1 in the paper
    Dec    gamma L_llike - L_GAN               gamma weighs likeness against passing for real
    Dis    -L_GAN                              and not L_llike: it would make all pictures look the same to itself

In place of descending log(1 - D), Dec ascends log D, as GANs do for the gradient's sake (gan.py). Since D would win too
clearly on clean drawings, a penalty on its slope at real pictures may keep it flat (R1, see dcgan.py).

What D does not look at may be anything, and shows as speckle. So the pixels may count beside its features, as in

    Dosovitskiy, Brox, "Generating Images with Perceptual Similarity Metrics based on Deep Networks", NIPS 2016
        (equations 2 to 5). https://arxiv.org/abs/1602.02644

    L_alike = L_llike + pixels / 2 |x - x~|^2        in place of L_llike, pixels = 0 in Larsen's paper
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.autograd import grad
from torch.optim import Adam, Optimizer

from genlib import contract, noise
from genlib.contract import (
    Batch,
    Criticises,
    Criticism,
    Decodes,
    Encodes,
    HasPosterior,
    HasPrior,
    Latent,
    Paper,
    Samples,
    Seeds,
    Trains,
)
from genlib.models.base import Model
from genlib.models.dcgan import NORMALISATION, Normalisation, norm, reference
from genlib.models.gan import squared_slope
from genlib.models.vae import kl_to_standard_normal
from genlib.nets import halvings
from genlib.noise import Noise
from genlib.spaces import Pictures

LAZY = 4  # the penalty on D's slope is laid on one step in so many, with as many times the weight


class Config(contract.Config):
    space: Pictures = Field(Pictures(), description="Pictures, of a side that can be halved down to 4 to 7 pixels")
    latent: int = Field(32, ge=1, le=512, description="Dimensions of z")
    width: int = Field(32, ge=4, le=256, description="Channels of encoder and decoder next to the pixels")
    discriminator_width: int = Field(32, ge=4, le=256, description="Channels of D's first hidden layer")
    layer: int = Field(2, ge=1, le=6, description="Which of D's convolutions says what is alike (l)")
    normalisation: Normalisation = Field("batch", description=NORMALISATION)

    @model_validator(mode="after")
    def _layers(self) -> Config:
        _, count = halvings(self.space.side)
        if self.layer > count:
            raise ValueError(
                f"D has {count} convolutions for pictures of {self.space.side} pixels: choose a layer up to {count}"
            )
        return self


class Training(contract.Training):
    learning_rate: float = Field(3e-4, gt=0, le=1, description="Learning rate of encoder and decoder")
    discriminator_rate: float = Field(3e-4, gt=0, le=1, description="Learning rate of D")
    beta: float = Field(1.0, ge=0, le=1000, description="Weight of the KL term for the encoder")
    gamma: float = Field(1e-3, ge=0, le=10, description="Weight of likeness for the decoder, beside passing for real")
    pixels: float = Field(0.0, ge=0, le=1000, description="Weight of the pixels beside D's features, in what is alike")
    penalty: float = Field(0.0, ge=0, le=100, description="Weight of the penalty on D's slope at real pictures (R1)")


class Controls(contract.Controls):
    temperature: float = Field(
        1.0, ge=0, le=1.5, description="Standard deviation of the draws of z: 1 is the prior, lower is more typical"
    )


# --- Blocks: convolutions that halve or double the side, with widths that double inwards. For 64 px: down to 4x4 ------


def halving(before: int, after: int) -> list[nn.Module]:
    return [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]


def encoder(c: Config) -> nn.Sequential:
    """Picture (B, C, H, W) -> mu and log sigma^2 of q(z|x) (B, 2Z)."""
    side, count = halvings(c.space.side)
    widths = [c.width * 2**i for i in range(count)]
    net = nn.Sequential()
    for before, after in zip([c.space.channels, *widths], widths, strict=False):
        net.extend(halving(before, after))
    net.extend([nn.Flatten(), nn.Linear(widths[-1] * side**2, 2 * c.latent)])
    return net


def decoder(c: Config) -> nn.Sequential:
    """z (B, Z) -> picture (B, C, H, W) in [-1, 1]."""
    side, count = halvings(c.space.side)
    widths = [c.width * 2**i for i in reversed(range(count))]
    net = nn.Sequential(nn.Linear(c.latent, widths[0] * side**2), nn.Unflatten(1, (widths[0], side, side)))
    for before, after in zip(widths, [*widths[1:], c.space.channels], strict=True):
        net.extend([
            norm(c.normalisation, before), nn.ReLU(), nn.ConvTranspose2d(before, after, 4, stride=2, padding=1),
        ])  # fmt: skip
    net.append(nn.Tanh())
    return net


def discriminator(c: Config) -> tuple[nn.Sequential, nn.Sequential]:
    """Picture (B, C, H, W) -> activations D_l, and what makes of them the logit of D(x) (B, 1)."""
    side, count = halvings(c.space.side)
    widths = [c.discriminator_width * 2**i for i in range(count)]
    blocks = [nn.Sequential(nn.Conv2d(c.space.channels, widths[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2))]
    for before, after in pairwise(widths):
        blocks.append(nn.Sequential(*halving(before, after)))
    upper = nn.Sequential(*blocks[c.layer :], nn.Flatten(), nn.Linear(widths[-1] * side**2, 1))
    return nn.Sequential(*blocks[: c.layer]), upper


class VAEGAN(
    Model[Config, Controls, Training], Samples, HasPrior, Decodes, Encodes, HasPosterior, Criticises, Trains[Training]
):
    title = "VAE/GAN"
    idea = (
        "A variational autoencoder that is not judged pixel by pixel: a discriminator says whether its pictures pass "
        "for real, and what it sees in two pictures says how alike they are. So edges stay sharp."
    )
    paper = Paper(
        "Autoencoding beyond pixels using a learned similarity metric",
        "Larsen et al.", 2016, "https://arxiv.org/abs/1512.09300",
    )  # fmt: skip
    family = ("Explicit density", "Approximate", "Variational")
    aside = "its bound is one in D's features, not in pixels; half of it is a GAN"

    reference: Tensor  # (R, Z)

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.encoder, self.decoder = encoder(config), decoder(config)
        self.lower, self.upper = discriminator(config)
        self.keep_constants()

    def constants(self) -> Mapping[str, Tensor]:
        return {"reference": reference(self.latent(self.config), self.config.normalisation)}

    @classmethod
    def tiny(cls) -> tuple[Config, ...]:
        return (Config(space=Pictures(channels=3, side=16), latent=3, width=4, discriminator_width=4),)

    # --- Sampling ---

    @classmethod
    def latent(cls, config: Config) -> Latent:
        return Latent(config.latent, "gaussian")

    def prior(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.set_by(controls).temperature * self.here(Noise(seeds).latent(self.latent(self.config)))

    def decode(self, z: Tensor) -> Tensor:
        return (self.painted(self.here(z)).float() + 1) / 2

    def painted(self, z: Tensor) -> Tensor:
        """The decoder's pictures in [-1, 1] of z (B, Z)."""
        return self.decoder(torch.cat([self.reference, z]))[-len(z) :]

    def sample(self, seeds: Seeds, controls: contract.Controls | None = None) -> Tensor:
        return self.decode(self.prior(seeds, controls))

    def encode(self, x: Tensor) -> Tensor:
        """mu(x), the mean of q(z|x)."""
        return self.posterior(x)[0]

    def criticise(self, x: Tensor) -> Criticism:
        return Criticism(self.look(self.config.space.centre(self.here(x)))[1].sigmoid(), "probability")

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and log sigma^2 of q(z|x), each (B, Z)."""
        mu, log_var = self.encoder(self.config.space.centre(self.here(x))).float().chunk(2, dim=1)
        return mu, log_var.clamp(-20, 20)

    def look(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """What D sees, D_l(x), and its logit l(x) (B,), of pictures in [-1, 1]."""
        seen = self.lower(x)
        return seen.float(), self.upper(seen).float().squeeze(1)

    # --- Training (algorithm 1) ---

    def optimizers(self, training: Training) -> dict[str, Optimizer]:
        betas = (0.5, 0.999)
        discriminator = [*self.lower.parameters(), *self.upper.parameters()]
        return {
            "encoder": Adam(self.encoder.parameters(), training.learning_rate, betas, fused=True),
            "decoder": Adam(self.decoder.parameters(), training.learning_rate, betas, fused=True),
            "discriminator": Adam(discriminator, training.discriminator_rate, betas, fused=True),
        }

    def train_step(self, batch: Batch, optimizers: Mapping[str, Optimizer], training: Training) -> dict[str, Tensor]:
        penalised = training.penalty > 0 and batch.step % LAZY == 0
        x = self.config.space.centre(batch.x).requires_grad_(penalised)
        mu, log_var = self.posterior(batch.x)
        z = mu + (0.5 * log_var).exp() * torch.randn(mu.shape, generator=batch.rng, device=mu.device)
        z_p = noise.draw(self.latent(self.config), len(x), batch.rng)
        decoded = self.painted(torch.cat([z, z_p]))
        x_rec, x_p = decoded.chunk(2)

        # D looks at each kind of picture apart, each with its own batch norm.
        (seen, real), (seen_rec, rec), (_, made) = self.look(x), self.look(x_rec), self.look(x_p)
        l_prior = kl_to_standard_normal(mu, log_var).mean()
        l_llike = 0.5 * (seen_rec - seen.detach()).square().flatten(1).sum(1).mean()
        l_alike = l_llike + training.pixels / 2 * (x_rec - x.detach()).square().flatten(1).sum(1).mean()
        l_dis = F.softplus(-real).mean() + F.softplus(rec).mean() + F.softplus(made).mean()  # -L_GAN
        l_gen = F.softplus(-rec).mean() + F.softplus(-made).mean()  # -log D(x~) - log D(x_p)
        objective = l_dis
        if penalised:
            objective = l_dis + LAZY * training.penalty / 2 * squared_slope(real, x)

        # One forward pass, three gradients: what each part descends goes back to that part alone. Likeness and the game
        # reach the decoder at its pictures, from where they go on apart: the encoder shall not play the game.
        to_dis = [*self.lower.parameters(), *self.upper.parameters()]
        to_dec = list(self.decoder.parameters())
        dis = grad(objective, to_dis, retain_graph=True)
        (likeness,) = grad(l_alike, decoded, retain_graph=True)
        (passing,) = grad(l_gen, decoded)
        dec = grad(decoded, to_dec, training.gamma * likeness + passing, retain_graph=True)
        (to_z,) = grad(decoded, z, likeness)
        enc = grad([z, training.beta * l_prior], list(self.encoder.parameters()), [to_z, torch.ones_like(l_prior)])

        for name, part, gradients in (
            ("encoder", self.encoder.parameters(), enc),
            ("decoder", to_dec, dec),
            ("discriminator", to_dis, dis),
        ):
            for p, gradient in zip(part, gradients, strict=True):
                p.grad = gradient
            optimizers[name].step()
        return {
            "KL": l_prior.detach(),
            "likeness": l_llike.detach(),
            "loss D": l_dis.detach(),
            "D(real)": real.sigmoid().mean().detach(),
            "D(reconstruction)": rec.sigmoid().mean().detach(),
            "D(sample)": made.sigmoid().mean().detach(),
        }
