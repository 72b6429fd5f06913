"""Numbers, words and tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def number(value: float) -> str:
    """As measured, to four significant digits."""
    return f"{value:.4g}"


def words(name: str) -> str:
    """A name of the code for people: hair_colour is hair colour."""
    return name.replace("_", " ")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    escaped = r"\|"  # p(x|z) is one cell
    cells = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', escaped) for cell in row)} |" for row in cells)


def bullets(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences)
