"""The contract between models and everything that uses them.

A model inherits `Model` and the capabilities that it really has. A capability is a runtime-checkable protocol of
methods only, so that a page can ask `issubclass(cls, Decodes)` before any weight is loaded. What a model
cannot do it does not declare; nothing raises NotImplementedError.

Conventions at this boundary
    x        float32 (B, *space.shape): pictures (B, C, H, W) in [0, 1], points (B, D). A model rescales inside.
    device   what goes in may be on any device; what comes out is on the model's.
    seeds    a sequence of ints in [0, 2**31). x i depends on seeds[i] alone: seed 42 is the same picture in a batch
             of 1 or of 64 (up to float32 rounding), today and tomorrow, on the same kind of device.
    nats     natural-logarithm units, per x.
    config   what follows from a config alone (its needs, its latent, its worlds) is a class method of it, so that it is
             known before the weights are loaded.

This module imports torch for type annotations only, so reading a catalogue or a config costs nothing.
"""

from genlib.contract.capabilities import (
    Bounds,
    Completes,
    Conditions,
    Criticises,
    Decodes,
    Embeds,
    Encodes,
    HasPosterior,
    HasPrior,
    Names,
    Normalises,
    Predicts,
    Samples,
    Scores,
    TakesHints,
    Traces,
    Trains,
    Translates,
    Unrolls,
    Varies,
    Warps,
)
from genlib.contract.passing import (
    Batch,
    Criticism,
    LogProb,
    Partition,
    Predictions,
)
from genlib.contract.schemas import (
    MAX_SEED,
    Classes,
    Config,
    Controls,
    Domain,
    Latent,
    Law,
    Name,
    Needs,
    Paper,
    Recipe,
    Seeds,
    Training,
    Worlds,
)

__all__ = [
    "MAX_SEED",
    "Batch",
    "Bounds",
    "Classes",
    "Completes",
    "Conditions",
    "Config",
    "Controls",
    "Criticises",
    "Criticism",
    "Decodes",
    "Domain",
    "Embeds",
    "Encodes",
    "HasPosterior",
    "HasPrior",
    "Latent",
    "Law",
    "LogProb",
    "Name",
    "Names",
    "Needs",
    "Normalises",
    "Paper",
    "Partition",
    "Predictions",
    "Predicts",
    "Recipe",
    "Samples",
    "Scores",
    "Seeds",
    "TakesHints",
    "Traces",
    "Training",
    "Trains",
    "Translates",
    "Unrolls",
    "Varies",
    "Warps",
    "Worlds",
]
