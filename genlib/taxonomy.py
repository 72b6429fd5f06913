"""The family tree of deep generative models, after Goodfellow, "NIPS 2016 Tutorial: Generative Adversarial
Networks", section 2.2 and figure 9. https://arxiv.org/abs/1701.00160

The branches are fixed. A model's `family` says where it belongs; classic examples stand where there is none yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Branch:
    """A way to get at the density of pictures: its name, one sentence, what hangs there in the literature."""

    name: str
    gloss: str
    children: tuple[Branch, ...] = ()
    examples: str = ""


@dataclass(frozen=True)
class Leaf:
    """A model of this project: where it hangs, and what a click opens (None: nothing is trained yet).

    aside   what to say of its place, where it fits there only nearly
    """

    title: str
    gloss: str
    family: tuple[str, ...]
    opens: str | None = None
    aside: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the tree drawn like a table of contents. `parent` is the row it hangs from, -1 at the root."""

    depth: int
    parent: int
    node: Branch | Leaf | str  # str: examples


TREE = Branch(
    "Maximum likelihood",
    "Choose the parameters that make the training pictures most probable. The branches differ in how they get at "
    "that probability.",
    (
        Branch(
            "Explicit density",
            "The model defines p(x), the density of pictures, and raises it on the data.",
            (
                Branch(
                    "Tractable",
                    "p(x) is computed exactly, which restricts how the network may be built.",
                    (
                        Branch(
                            "Fully visible belief nets",
                            "The chain rule: each pixel is predicted from those before it, so a picture is drawn one "
                            "pixel at a time.",
                            examples="NADE · MADE · PixelRNN",
                        ),
                        Branch(
                            "Change of variables",
                            "An invertible map from noise to pictures, whose Jacobian gives the density exactly.",
                            examples="NICE · Real NVP",
                        ),
                    ),
                ),
                Branch(
                    "Approximate",
                    "p(x) has no closed form, so training works on a bound or an estimate of it.",
                    (
                        Branch(
                            "Variational",
                            "A lower bound on log p(x) is raised in its place.",
                            examples="Variational autoencoder",
                        ),
                        Branch(
                            "Markov chain",
                            "Samples from a Markov chain estimate the gradient of log p(x).",
                            examples="Boltzmann machines",
                        ),
                    ),
                ),
            ),
        ),
        Branch(
            "Implicit density",
            "No formula for p(x): the model is a way to draw samples from it, and nothing else.",
            (
                Branch(
                    "Direct",
                    "One pass from noise to a picture.",
                    examples="Generative adversarial networks",
                ),
                Branch(
                    "Markov chain",
                    "Many small random steps, each a draw from the same transition, lead to a picture.",
                    examples="Generative stochastic networks",
                ),
            ),
        ),
    ),
)


def position(family: tuple[str, ...] | None, tree: Branch = TREE) -> int:
    """Which place a branch has, counted from the top of the tree; what is not in it comes after all."""
    paths = [path for path, _ in _walk(tree, ())]
    return paths.index(family) if family in paths else len(paths)


def rows(leaves: Iterable[Leaf], tree: Branch = TREE) -> list[Row]:
    """The tree with its leaves from top to bottom, each parent before its children.

    Raises ValueError when a leaf's family is no path in the tree.
    """
    leaves = list(leaves)
    out: list[Row] = []
    at: dict[tuple[str, ...], int] = {}  # path -> its row
    for path, branch in _walk(tree, ()):
        depth = len(path)
        at[path] = len(out)
        out.append(Row(depth, at[path[:-1]] if path else -1, branch))
        mine = [leaf for leaf in leaves if leaf.family == path]
        out.extend(Row(depth + 1, at[path], leaf) for leaf in mine)
        if branch.examples and not mine:
            out.append(Row(depth + 1, at[path], branch.examples))
    for leaf in leaves:
        if leaf.family not in at:
            raise ValueError(f"{leaf.title}: the family tree has no branch {' / '.join(leaf.family)}")
    return out


def _walk(branch: Branch, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Branch]]:
    """Each branch with the names that lead to it, parents before children."""
    yield path, branch
    for child in branch.children:
        yield from _walk(child, (*path, child.name))
