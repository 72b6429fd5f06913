from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from genlib import sources
from genlib.errors import GenlibError
from genlib.latents.sefa import sefa
from genlib.models.autoencoder import Autoencoder
from genlib.models.autoencoder import Config as AutoencoderConfig
from genlib.models.dcgan import DCGAN
from genlib.models.gan import GAN
from genlib.spaces import Pictures


def against_numpy(model: Any, weight: torch.Tensor) -> None:
    """sefa() of a model whose first layer has `weight` (outputs, Z), compared with numpy's eigenvectors."""
    a = weight.detach().double().numpy()
    values, vectors = np.linalg.eigh(a.T @ a)
    found, stretch = sefa(model)
    np.testing.assert_allclose(stretch.square().numpy(), values[::-1], rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(np.abs(np.sum(found.numpy() * vectors[:, ::-1].T, 1)), 1, atol=1e-4)
    torch.testing.assert_close(found @ found.T, torch.eye(len(found)), atol=1e-5, rtol=0)


def test_of_a_linear_layer() -> None:
    model = GAN(GAN.tiny()[0]).eval()
    against_numpy(model, model.generator[0].weight)


def test_of_a_transposed_convolution() -> None:
    model = DCGAN(DCGAN.tiny()[0]).eval()
    against_numpy(model, model.generator[0].weight.flatten(1).T)


def test_of_an_autoencoder_it_is_the_decoders_layer() -> None:
    model = Autoencoder(AutoencoderConfig(space=Pictures(side=8), latent=3, width=16)).eval()
    against_numpy(model, model.decoder[0].weight)


def test_a_bias_has_no_part_and_signs_are_settled() -> None:
    model = GAN(GAN.tiny()[0]).eval()
    with torch.no_grad():
        model.generator[0].weight.zero_()
        model.generator[0].weight[:3, :3] = torch.diag(torch.tensor([1.0, -3.0, 2.0]))
        model.generator[0].bias.fill_(7)
    rows, stretch = sefa(model)
    torch.testing.assert_close(stretch, torch.tensor([3.0, 2, 1, 0]))
    torch.testing.assert_close(rows[:3], torch.eye(4)[[1, 2, 0]])


def test_no_hook_stays_behind() -> None:
    model = GAN(GAN.tiny()[0]).eval()
    sefa(model)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_a_model_without_latents_is_refused() -> None:
    with pytest.raises(GenlibError, match="no latent space"):
        sefa(sources.load("classifier-digits", device="cpu"))


def test_a_decoder_without_an_affine_layer_is_refused() -> None:
    from toy.toy_mean import Toy

    with pytest.raises(GenlibError, match="no affine layer"):
        sefa(Toy(Toy.tiny()[0]))
