"""VAE/GAN: each part descends what the paper says, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import torch
import torch.nn.functional as F
from pydantic import ValidationError
from torch import Tensor, nn
from torch.optim import SGD

from genlib.contract import Batch
from genlib.models.vae import kl_to_standard_normal
from genlib.models.vaegan import VAEGAN, Config, Training
from genlib.spaces import Pictures


@pytest.fixture
def model() -> VAEGAN:
    torch.manual_seed(0)
    return VAEGAN(Config(space=Pictures(channels=3, side=16), latent=3, width=4, discriminator_width=4))


def gradients(loss: Tensor, parameters: Iterable[nn.Parameter]) -> list[Tensor]:
    return list(torch.autograd.grad(loss, list(parameters), retain_graph=True))


@pytest.mark.parametrize("pixels", [0.0, 2.0])
def test_each_part_descends_its_own_loss(pixels: float, model: VAEGAN) -> None:
    """Algorithm 1, written the slow way: a graph for each part, with the same noise."""
    training = Training(beta=2.0, gamma=0.3, pixels=pixels)
    x = torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    rng = torch.Generator().manual_seed(2)
    eps, z_p = torch.randn(6, 3, generator=rng), torch.randn(6, 3, generator=rng)

    real = 2 * x - 1
    mu, log_var = model.posterior(x)
    x_rec, x_p = model.decoder(torch.cat([mu + (0.5 * log_var).exp() * eps, z_p])).chunk(2)
    likeness = 0.5 * (model.look(real)[0] - model.look(x_rec)[0]).square().flatten(1).sum(1).mean()
    alike = likeness + 0.5 * pixels * (real - x_rec).square().flatten(1).sum(1).mean()
    logits = [model.look(v)[1] for v in (real, x_rec, x_p)]
    gan = F.logsigmoid(logits[0]).mean() + F.logsigmoid(-logits[1]).mean() + F.logsigmoid(-logits[2]).mean()
    passing = F.logsigmoid(logits[1]).mean() + F.logsigmoid(logits[2]).mean()
    prior = kl_to_standard_normal(mu, log_var).mean()
    expected = {
        "encoder": gradients(2.0 * prior + alike, model.encoder.parameters()),
        "decoder": gradients(0.3 * alike - passing, model.decoder.parameters()),
        "lower": gradients(-gan, model.lower.parameters()),
        "upper": gradients(-gan, model.upper.parameters()),
    }

    parts = {"encoder": model.encoder, "decoder": model.decoder}
    optimizers = {name: SGD(part.parameters(), 0.0) for name, part in parts.items()}
    optimizers["discriminator"] = SGD([*model.lower.parameters(), *model.upper.parameters()], 0.0)
    said = model.train_step(Batch(x, torch.Generator().manual_seed(2), 0, 1), optimizers, training)

    assert said["KL"].item() == pytest.approx(prior.item(), rel=1e-6)
    assert said["likeness"].item() == pytest.approx(likeness.item(), rel=1e-6)
    for name, wanted in expected.items():
        for p, gradient in zip(getattr(model, name).parameters(), wanted, strict=True):
            torch.testing.assert_close(p.grad, gradient, rtol=1e-3, atol=1e-4, msg=f"{name} descends something else")


def test_the_penalty_concerns_the_discriminator_alone(model: VAEGAN) -> None:
    x = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    found = {}
    for penalty in (0.0, 5.0):
        optimizers = {name: SGD(getattr(model, name).parameters(), 0.0) for name in ("encoder", "decoder")}
        optimizers["discriminator"] = SGD([*model.lower.parameters(), *model.upper.parameters()], 0.0)
        batch = Batch(x.clone(), torch.Generator().manual_seed(2), 0, 1)
        model.train_step(batch, optimizers, Training(penalty=penalty))
        found[penalty] = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    moved = {name for name in found[0.0] if not torch.allclose(found[0.0][name], found[5.0][name])}
    assert moved
    assert {name.partition(".")[0] for name in moved} <= {"lower", "upper"}


def test_one_cannot_look_deeper_than_the_discriminator_is() -> None:
    with pytest.raises(ValidationError, match="up to 2"):
        Config(space=Pictures(side=16), layer=3)


def test_codes_and_pictures_have_the_right_range(model: VAEGAN) -> None:
    model.float().eval()
    x = model.sample(range(3))
    assert x.shape == (3, 3, 16, 16)
    assert x.min() >= 0
    assert x.max() <= 1
    assert model.encode(x).shape == (3, 3)
    assert not torch.equal(model.sample([7], model.Controls(temperature=0.2)), model.sample([7]))


@pytest.mark.parametrize("by", ["reference", "virtual"])
def test_beside_a_reference_batch_no_picture_depends_on_its_company(by: str, model: VAEGAN) -> None:
    config = Config.model_validate({**model.config.model_dump(), "normalisation": by})
    beside, z = VAEGAN(config), torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    assert not any("reference" in name for name in beside.state_dict())
    for trained in (beside, model):
        alone, together = trained.decode(z[:2]), trained.decode(z)[:2]
        assert torch.allclose(alone, together, atol=1e-5) == (trained is beside)
    rng, before = torch.Generator().manual_seed(1), [p.clone() for p in beside.decoder.parameters()]
    x = torch.rand(6, 3, 16, 16, generator=rng)
    beside.train_step(Batch(x, rng, 0, 10), beside.optimizers(Training()), Training())
    assert all((p != was).any() for p, was in zip(beside.decoder.parameters(), before, strict=True))
