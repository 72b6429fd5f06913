"""Whether a likelihood tells strangers from what a model learned: out-of-distribution detection, by three scores.

Nalisnick et al., "Do Deep Generative Models Know What They Don't Know?", ICLR 2019.
    https://arxiv.org/abs/1810.09136
"""

from __future__ import annotations

from dataclasses import dataclass

from genlib import crowds, scoring
from genlib.checkpoint import Checkpoint
from genlib.contract import Scores
from genlib.measures.base import Measure, Part
from genlib.measures.markdown import table
from genlib.measures.subject import Subject
from genlib.spaces import Pictures

DRAWS = 5  # importance samples of each picture, where the likelihood is a bound
SMALL, FEW = 4000, 5  # of pictures with more numbers, a fifth as many
BAD = 0.5  # area: below it the score points the wrong way


@dataclass(frozen=True)
class Result:
    """AUROC of strangers against test pictures: how often a stranger is the odder one of a pair; 0.5 is chance.

    areas   crowd (genlib/crowds.py) -> score (genlib/scoring.py) -> area
    count   pictures of each crowd, at most
    """

    areas: dict[str, dict[str, float]]
    count: int


class Strangers(Measure[Result]):
    name = "strangers"
    place = 65

    def applies(self, checkpoint: Checkpoint) -> bool:
        return issubclass(checkpoint.model_class, Scores) and isinstance(checkpoint.config.space, Pictures)

    def measure(self, subject: Subject) -> Result:
        space, learned = subject.checkpoint.config.space, subject.data
        assert isinstance(space, Pictures)
        count = max(2, subject.count // 5 // (1 if space.size <= SMALL else FEW))
        others = crowds.strangers(learned, space)
        found = {}
        for key in ("train", "test", *others):
            subject.progress(f"Scoring {count:,} {crowds.title(key)}")
            found[key] = scoring.scored(subject.model, crowds.pictures(key, learned, space, count), DRAWS)
        usual = float(found["train"].nats.mean())

        def area(key: str, score: scoring.Score) -> float:
            return scoring.area(found["test"].oddity(score, usual), found[key].oddity(score, usual))

        scores = scoring.scores_of(subject.checkpoint.model_class)
        return Result({key: {score: area(key, score) for score in scores} for key in others}, count)

    def card(self, found: Result, checkpoint: Checkpoint) -> Part:
        names = {"likelihood": "likelihood", "typicality": "typicality", "reconstruction": "reconstruction error"}
        scores = list(next(iter(found.areas.values())))
        rows = [(crowds.title(key), *(f"{areas[score]:.3f}" for score in scores)) for key, areas in found.areas.items()]
        words = (
            f"AUROC: how often a stranger is odder than a test picture, of pairs from {found.count:,} each; 1 tells "
            "them apart always, 0.5 is chance. Typicality is the distance of the log-likelihood from its mean on "
            "training pictures. Faded pictures have a twentieth of their brightness."
        )
        failed = [crowds.title(key) for key, areas in found.areas.items() if areas["likelihood"] < BAD]
        limits = (f"It holds {' and '.join(failed)} for likelier than what it learned from.",) if failed else ()
        head = ("strangers, told apart by", *(names.get(score, score) for score in scores))
        return Part((table(head, rows), words), limits=limits)
