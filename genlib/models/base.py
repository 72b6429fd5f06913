"""What every model file starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn

from genlib import contract
from genlib.contract import Paper

if TYPE_CHECKING:
    from genlib.data import DataInfo


class Model(nn.Module):
    """A network with a config, and the words that introduce it.

    A model file defines one subclass, which sets the class variables below and inherits the capabilities of
    `genlib.contract` that it really has.
    """

    Config: ClassVar[type[contract.Config]] = contract.Config
    Controls: ClassVar[type[contract.Controls]] = contract.Controls

    title: ClassVar[str]  # the field's name for it, e.g. "Deep convolutional GAN"
    idea: ClassVar[str]  # one or two sentences, for someone who meets it for the first time
    paper: ClassVar[Paper]
    # Where it hangs in Goodfellow's taxonomy (NIPS 2016 tutorial, figure 9), e.g. ("Implicit density", "Direct").
    # None: not a generative model (the classifiers whose features the metrics use).
    family: ClassVar[tuple[str, ...] | None] = None

    def __init__(self, config: contract.Config) -> None:
        super().__init__()
        self.config = config

    @classmethod
    def tiny(cls) -> contract.Config:
        """The smallest config worth testing."""
        return cls.Config()

    @classmethod
    def config_for(cls, info: DataInfo, **overrides: Any) -> contract.Config:
        """The config for a data set: shape from `info`, `overrides` by field name, defaults for the rest.

        Raises pydantic.ValidationError where an override is out of its bounds or unknown.
        """
        channels, size, _ = info.image_shape
        return cls.Config(**{"channels": channels, "image_size": size, **overrides})

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(C, H, W) of the pictures it makes or reads."""
        return self.config.image_shape

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device
