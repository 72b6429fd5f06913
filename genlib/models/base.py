"""What every model file starts from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args, get_origin

import torch
from torch import Tensor

from genlib import cancel, contract
from genlib.contract import Needs, Paper
from genlib.nets import Constants

if TYPE_CHECKING:
    from genlib.data import DataInfo

C = TypeVar("C", bound=contract.Config)
K = TypeVar("K", bound=contract.Controls)
T = TypeVar("T", bound=contract.Training)
S = TypeVar("S")


def last(steps: Iterable[S]) -> S:
    """The last of them. None of those before is kept: the 300 steps of 100 pictures would take 90 MB. Cancelled: where
    nobody waits for it any more."""
    kept: deque[S] = deque(maxlen=1)
    for step in steps:
        cancel.point()
        kept.append(step)
    return kept.pop()


class Model(Constants, Generic[C, K, T]):
    """A network with a config, and the words that introduce it.

    A model file defines one subclass, `class GAN(Model[Config, Controls, Training], ...)`, which sets the class
    variables below and inherits the capabilities of `genlib.contract` that it really has.
    """

    # From the brackets after Model. A model's own Controls may be narrower than its class's: controls_for().
    Config: ClassVar[type[contract.Config]]
    Controls: type[contract.Controls]
    Training: ClassVar[type[contract.Training]]

    title: ClassVar[str]  # the field's name for it, e.g. "Deep convolutional GAN"
    short: ClassVar[str] = ""  # what people call it who know it, where that is not the title: "DCGAN"
    idea: ClassVar[str]  # one or two sentences, for someone who meets it for the first time
    paper: ClassVar[Paper]
    # Where it hangs in Goodfellow's taxonomy (NIPS 2016 tutorial, figure 9), e.g. ("Implicit density", "Direct").
    # None: not a generative model (the classifiers whose features the measures use).
    family: ClassVar[tuple[str, ...] | None] = None
    aside: ClassVar[str] = ""  # what to say of its place there, where it fits only nearly: "defines no density"

    recipe: ClassVar[dict[str, Any]] = {}  # what its recipes say, unless told otherwise
    # Fields of its Config and Training where it learns points, unless told otherwise: small networks, and the pace that
    # suits them.
    points: ClassVar[dict[str, Any]] = {}
    follows: ClassVar[frozenset[str]] = frozenset({"space"})  # fields of its config that follow from the data
    unaveraged: ClassVar[frozenset[str]] = frozenset()  # buffers that steer the training: their last value is kept

    config: C

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            if get_origin(base) is Model:
                cls.Config, cls.Controls, cls.Training = get_args(base)

    def __init__(self, config: C) -> None:
        super().__init__()
        self.config = config
        self.Controls = self.controls_for(config)

    @classmethod
    def tiny(cls) -> tuple[C, ...]:
        """The smallest configs worth testing, one for each kind of space that it takes."""
        raise NotImplementedError(f"{cls.__name__}.tiny() is missing")

    @classmethod
    def config_for(cls, info: DataInfo, **overrides: Any) -> C:
        """The config for a data set: its space from `info`, `overrides` by field name, defaults for the rest.

        Raises pydantic.ValidationError where an override is out of its bounds or unknown.
        """
        return cls.Config(**{"space": info.space.model_dump(), **overrides})  # type: ignore[return-value]

    @classmethod
    def controls_for(cls, config: C) -> type[K]:
        """Its controls: those of the class, unless the config says what there is to choose from."""
        return cls.Controls  # type: ignore[return-value]

    @classmethod
    def needs(cls, config: C) -> Needs:
        """What the data must have beside x."""
        return Needs()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one x that it makes or reads."""
        return self.config.space.shape

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def here(self, x: Tensor) -> Tensor:
        """`x` on the model's device."""
        return x.to(self.device)

    def set_by(self, controls: contract.Controls | None) -> K:
        """The controls that were given, or the defaults."""
        return controls or self.Controls()  # type: ignore[return-value]
