"""Write a checkpoint's model card: README.md for people and for the Hugging Face Hub, and sample.png beside it.

Everything in a card comes from the checkpoint itself: what its model says of itself, its recipe, what `genlib eval`
measured and stored in config.json. A number that was not measured is not there. What is said of a number is the
measure's own (genlib/measures); here is the layout.
"""

from __future__ import annotations

from genlib import data
from genlib.card.front import LICENCES, front_matter
from genlib.card.pictures import describing, sheet
from genlib.card.text import body
from genlib.checkpoint import CARD, Checkpoint, replacing

__all__ = ["LICENCES", "PICTURE", "sheet", "write"]

PICTURE = "sample.png"


def write(checkpoint: Checkpoint, info: data.DataInfo | None = None, ours: bool = True) -> None:
    """Write checkpoint.folder/README.md, and sample.png where the model makes, translates or reconstructs anything.

    info: of the data, where they are no set that is here; of them nothing is shown then.
    ours: whether the checkpoint is, or will be, among those of this repository.
    Raises GenlibError: weights or the data set missing or damaged.
    """
    from huggingface_hub import ModelCard

    model, here = checkpoint.load(), info is None
    info = info or data.info(checkpoint.spec.recipe.data)
    picture = describing(checkpoint, model, here)
    if picture:
        with replacing(checkpoint.folder / PICTURE) as path:
            path.write_bytes(picture.packed())
    text = "\n\n".join(body(checkpoint, model, info, picture.shown(PICTURE) if picture else None, ours))
    card = ModelCard(f"---\n{front_matter(checkpoint, info)}\n---\n\n{text}\n")
    with replacing(checkpoint.folder / CARD) as path:
        card.save(path)
