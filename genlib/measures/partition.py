"""The partition function of a model that only estimates it: stored, so that nobody waits for it again."""

from __future__ import annotations

from genlib.checkpoint import Checkpoint
from genlib.contract import Normalises, Partition
from genlib.measures.base import Measure, Part
from genlib.measures.markdown import number
from genlib.measures.subject import Subject


class Constant(Measure[Partition]):
    name = "partition"  # checkpoint.py reads it
    place = 49  # the likelihood needs it

    def applies(self, checkpoint: Checkpoint) -> bool:
        return issubclass(checkpoint.model_class, Normalises)

    def measure(self, subject: Subject) -> Partition:
        subject.progress("Estimating the partition function")
        found: Partition = subject.model.partition()
        return found

    def card(self, found: Partition, checkpoint: Checkpoint) -> Part:
        below, above = (
            f"{number(value)} ± {number(error)}"
            for value, error in ((found.below, found.below_error), (found.above, found.above_error))
        )
        what = "log Z, logarithm of the partition function, nats, by annealed importance sampling from below"
        return Part(rows=((what, below, f"{above} from above"),))
