"""Training speed, as ratios: python -m benchmarks.training

DCGAN-64   one step of our loop against the same networks trained as they are usually written (the PyTorch tutorial's
           loop: float32, NCHW, G's gradient computed through a D that collects gradients as well).
Points     the loop's own share of a step: a GAN with 2 x 128 units on ring8 at batch 256, one thread, against a bare
           loop that makes the same train_step on one batch, again and again.
VAE        one pass over 12,800 digits with our loop against pythae's trainer on the same encoder and decoder
           (pip install --no-deps -r benchmarks/requirements.txt). Both are warmed up first.

Rounds alternate between the two sides, so that a slow minute of a shared machine falls on both; medians are printed.
"""

from __future__ import annotations

import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genlib import data
from genlib.contract import Recipe
from genlib.data import PictureSet
from genlib.models import dcgan, gan, vae
from genlib.spaces import Pictures, Points
from genlib.training import Run

ROUNDS = 5


def compare(ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of each, after one warm-up of each."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS + 1):
        for side, call in zip(times, (ours, theirs), strict=True):
            started = time.perf_counter()
            call()
            side.append(time.perf_counter() - started)
    return statistics.median(times[0][1:]), statistics.median(times[1][1:])


def advance(run: Run, steps: int) -> None:
    """`steps` more steps of a run."""
    run.recipe = run.recipe.model_copy(update={"steps": run.step + steps})
    for _ in run:
        pass


def some(name: str, split: data.Split, count: int) -> PictureSet:
    """The first pictures of a split, without labels."""
    whole = data.load(name, split)
    assert isinstance(whole, PictureSet)
    return PictureSet(whole.pixels[:count], {}, whole.info)


# --- Points ----------------------------------------------------------------------------------------------------------


def points_steps(steps: int = 400) -> tuple[float, float]:
    """Seconds per step on points: with the loop (seeding, batch, average), and without."""
    config = gan.Config(space=Points(), latent=2, width=128, batch_norm=False, dropout=0.0)
    run = Run(gan.GAN(config), data.load("ring8"), Recipe(data="ring8", batch_size=256), bfloat16=False)
    bare = Run(gan.GAN(config), data.load("ring8"), Recipe(data="ring8", batch_size=256), bfloat16=False)
    batch = bare.batch()

    def theirs() -> None:
        for _ in range(steps):
            bare.model.train_step(batch, bare.optimizers, bare.training)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        a, b = compare(lambda: advance(run, steps), theirs)
    finally:
        torch.set_num_threads(threads)
    return a / steps, b / steps


# --- DCGAN ------------------------------------------------------------------------------------------------------------


def plain_dcgan_step(model: dcgan.DCGAN, real: Tensor, optimizer_g: Any, optimizer_d: Any) -> None:
    """One step as in the tutorials: float32, NCHW."""
    loss, g, d = nn.BCEWithLogitsLoss(), model.generator, model.discriminator
    ones, zeros = torch.ones(len(real)), torch.zeros(len(real))
    d.zero_grad()
    loss(d(2 * real - 1).flatten(), ones).backward()
    fake = g(torch.randn(len(real), model.config.latent, 1, 1))
    loss(d(fake.detach()).flatten(), zeros).backward()
    optimizer_d.step()
    g.zero_grad()
    loss(d(fake).flatten(), ones).backward()
    optimizer_g.step()


def dcgan_steps(steps: int = 4) -> tuple[float, float]:
    """Seconds per step of batch 64 at 64x64x3 (base width 64, 6.3M parameters): ours, plain."""
    config = dcgan.Config(space=Pictures(channels=3, side=64))
    faces = some("faces", "validation", 512)
    run = Run(dcgan.DCGAN(config), faces, Recipe(data="faces", batch_size=64))
    plain = dcgan.DCGAN(config)
    optimizers = plain.optimizers(run.training)
    real = faces.x(slice(0, 64))

    def theirs() -> None:
        for _ in range(steps):
            plain_dcgan_step(plain, real, optimizers["generator"], optimizers["discriminator"])

    a, b = compare(lambda: advance(run, steps), theirs)
    return a / steps, b / steps


# --- VAE --------------------------------------------------------------------------------------------------------------


def vae_epochs(count: int = 12_800, batch_size: int = 128) -> tuple[float, float]:
    """Seconds per pass over `count` digits (784-512-512-24, Bernoulli): ours, pythae's trainer."""
    import pythae.models
    from pythae.data.datasets import BaseDataset
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    logging.disable(logging.INFO)
    config = vae.Config(latent=24, width=512)
    digits = some("digits", "train", count)
    run = Run(vae.VAE(config), digits, Recipe(data="digits", batch_size=batch_size))
    theirs = vae.VAE(config)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = theirs.encoder

        def forward(self, x: Tensor) -> ModelOutput:
            mu, log_var = self.net(x).chunk(2, dim=1)
            return ModelOutput(embedding=mu, log_covariance=log_var)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = theirs.decoder

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=F.sigmoid(self.net(z)))

    peer = pythae.models.VAE(
        pythae.models.VAEConfig(input_dim=(1, 28, 28), latent_dim=24, reconstruction_loss="bce"), Encoder(), Decoder()
    )
    x = digits.x(slice(None))
    with tempfile.TemporaryDirectory() as folder:
        trainer = BaseTrainer(
            peer,
            BaseDataset(x, torch.zeros(len(x))),
            training_config=BaseTrainerConfig(
                output_dir=folder,
                per_device_train_batch_size=batch_size,
                num_epochs=1,
                learning_rate=1e-3,
                no_cuda=True,
            ),
        )
        trainer.prepare_training()
        return compare(lambda: advance(run, count // batch_size), lambda: trainer.train_step(epoch=1))


def main() -> None:
    ours, bare = points_steps()
    print(
        f"Points, batch 256: {1e3 * ours:.2f} ms a step, bare {1e3 * bare:.2f} ms: the loop's own {ours / bare - 1:.1%}"
    )
    ours, plain = dcgan_steps()
    print(f"DCGAN-64, batch 64: ours {1e3 * ours:.0f} ms a step, plain float32 NCHW {1e3 * plain:.0f} ms: "
          f"{plain / ours:.2f} x")  # fmt: skip
    try:
        ours, peer = vae_epochs()
    except ImportError as error:
        sys.exit(f"pythae is not here ({error}): pip install --no-deps -r benchmarks/requirements.txt")
    print(f"VAE, 12,800 digits: ours {ours:.2f} s, pythae {peer:.2f} s: {peer / ours:.2f} x")


if __name__ == "__main__":
    main()
