"""The pages: what each is called, what a model must be able to do to be shown there, and what its address says.

A page is one file in pages/ and one entry of PAGES. The navigation, the links of Home, the Hub field, the address and
the names that a model's controls may not have all follow from it. Imports neither torch nor streamlit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, Literal, get_args

from pydantic import Field, create_model

from genlib import catalog, crowds, data
from genlib.contract import (
    MAX_SEED,
    Completes,
    Decodes,
    Encodes,
    HasPrior,
    Predicts,
    Samples,
    Scores,
    Translates,
    Unrolls,
    Warps,
)
from genlib.query import ModelQuery, Q, Query
from genlib.spaces import Pictures, Points
from genlib.ui.lab.query import TrainQuery

if TYPE_CHECKING:
    from genlib.checkpoint import Checkpoint
    from genlib.contract import Domain

PICTURES, POINTS = 100, 5000  # that Sample shows at most
PAGE = 60  # pictures of a data set on one page of Data
POINT_SETS = "points"  # what Data calls the sets of points, all together
EXAMPLES = 24  # held-out pictures that Translate offers
ANSWERS = 6  # of Translate: the most typical one, and one for each of five seeds
STAGE = "translate-stage"  # the container of the answer that Translate shows large

TONE = r"^([0-9a-f]{6})?$"  # a colour in an address
PART = r"^(\d{1,3}-\d{1,3}-\d{1,4}-\d{1,4})?$"  # a part of a picture
PALETTE = r"^([0-9a-f]{6}(-[0-9a-f]{6}){0,5})?$"  # colours in an address

Way = Literal["example", "upload", "draw"]


class SampleQuery(ModelQuery):
    always = frozenset({"model", "seed", "n"})
    keeps = frozenset({"seed", "n"})

    seed: int = Field(0, ge=0, le=MAX_SEED + 1 - POINTS, description="The first seed; the others follow it")
    n: int = Field(24, ge=1, le=POINTS, description="How many pictures, or points")
    view: Literal["all", "steps"] = Field("all", description="What was made, or how: step by step")
    large: int = Field(-1, ge=-1, le=MAX_SEED, description="The seed of the picture that is shown large; -1: none")

    @classmethod
    def narrowed(cls, checkpoint: Checkpoint) -> type[SampleQuery]:
        if isinstance(checkpoint.config.space, Points):
            return OfPoints
        return OfSteps if issubclass(checkpoint.model_class, Unrolls) else OfPictures


class OfSteps(SampleQuery):
    seed: int = Field(0, ge=0, le=MAX_SEED + 1 - PICTURES, description="The first seed; the others follow it")
    n: int = Field(24, ge=1, le=PICTURES, description="How many pictures")


class OfPictures(OfSteps):
    view: Literal["all"] = Field("all", description="What was made")


class OfPoints(SampleQuery):
    view: Literal["all"] = Field("all", description="What was made")
    large: Literal[-1] = Field(-1, description="No point is shown large")
    n: int = Field(2000, ge=200, le=POINTS, description="How many points")


class TranslateQuery(ModelQuery):
    always = frozenset({"model", "source", "way", "seed"})
    keeps = frozenset({
        "way", "example", "seed", "fill", "palette", "turn", "part", "tone",
        "paper", "invert", "crop", "strokes", "own",
    })  # fmt: skip

    source: str = Field("", alias="from", max_length=40, description="The domain that is translated from, by its key")
    way: Way = Field("example", description="Where the picture comes from")
    example: int = Field(15, ge=0, le=EXAMPLES - 1, description="Which of the examples; first one of many colours")
    seed: int = Field(0, ge=0, le=MAX_SEED + 2 - ANSWERS, description="Of the first answer after the most typical one")
    answer: int = Field(0, ge=0, le=ANSWERS, description="Which answer is shown large; the last one is the truth")
    fill: Literal["flat", "painted"] = Field("flat", description="How the areas of a drawing are filled")
    palette: str = Field("", max_length=60, pattern=PALETTE, description="Colours of a reference picture, with hyphens")
    # What of a picture that is brought is used.
    turn: int = Field(0, ge=0, le=3, description="Quarter turns of the picture, clockwise")
    part: str = Field("", max_length=20, pattern=PART, description="Its part: left-top-right-bottom, in thousandths")
    # What is done to a drawing: the fields of sketch.Steps.
    paper: bool = Field(True, description="Remove the paper")
    invert: Literal["guess", "yes", "no"] = Field("guess", description="Turn white on black")
    crop: bool = Field(True, description="Centre and scale")
    strokes: bool = Field(True, description="Make lines equally thick")
    own: bool = Field(True, description="Keep own colours")
    tone: str = Field("", max_length=6, pattern=TONE, description="The paper's colour, as rrggbb")

    @classmethod
    def narrowed(cls, checkpoint: Checkpoint) -> type[TranslateQuery]:
        model: Any = checkpoint.model_class
        sources = model.worlds(checkpoint.config).sources
        return _narrowed(tuple(source.key for source in sources), any(map(drawable, sources)))


@lru_cache(maxsize=64)
def _narrowed(keys: tuple[str, ...], drawn: bool) -> type[TranslateQuery]:
    """For a model that translates from these domains, one of which can be `drawn`."""
    source = Field(keys[0], alias="from", description="The domain that is translated from")
    way = Field("example", description="Where the picture comes from")
    fields: dict[str, Any] = {"source": (Literal[keys], source)}
    if not drawn:
        fields["way"] = (Literal["example", "upload"], way)
    return create_model("TranslateQuery", __base__=TranslateQuery, **fields)


def drawable(domain: Domain) -> bool:
    """Whether a picture of it can be drawn on the paper: outlines are no picture of coloured things."""
    return domain.kind != "colour"


KEYS = 6  # pictures that a way through a latent space leads to at most
CANDIDATES = 16  # pictures that are offered for it

# Numbers of a latent, each of which is moved by itself. With as many as a picture has pixels that takes minutes, in
# which no other visitor gets a picture: 784 times 16 pictures of realnvp-digits.
MOST_UNITS = 512

Part = Literal["path", "plane", "attributes", "units"]
Cut = Literal["whole", "principal", "three"]


class LatentQuery(ModelQuery):
    always = frozenset({"model", "part"})
    keeps = frozenset({"part", "keys", "frames"})

    part: Part = Field("path", description="What is done in the latent space")
    given: Literal["pictures", "seeds"] = Field("seeds", description="Between real pictures, or draws of seeds")
    keys: str = Field("", max_length=80, description="The pictures on the way, by number, with hyphens in between")
    first: int = Field(0, ge=0, le=MAX_SEED + 1 - CANDIDATES, description="The first seed that is offered")
    way: Literal["spherical", "straight"] = Field("spherical", description="How the way leads from one to the next")
    frames: int = Field(48, ge=12, le=120, description="How many pictures the way has")
    closed: bool = Field(False, description="Back to the first picture at the end")
    cut: Cut = Field("principal", description="Which plane is cut through the space")
    x: float = Field(0.0, ge=-1, le=1, description="Where in the plane, from left to right")
    y: float = Field(0.0, ge=-1, le=1, description="Where in the plane, from bottom to top")
    others: bool = Field(True, description="Models of the same data side by side")
    add: str = Field(
        "", max_length=200, description="The attributes that are added, as glasses.round_hair-colour.blond"
    )
    strength: float = Field(1.0, ge=0, le=2, description="How far along their directions")
    how: Literal["add", "analogy"] = Field("add", description="Attributes are added, or A - B + C")
    a: str = Field("", max_length=80, description="What the pictures of A have in common; as `add`")
    b: str = Field("", max_length=80, description="Those of B")
    c: str = Field("", max_length=80, description="Those of C")
    each: int = Field(6, ge=1, le=6, description="How many pictures A, B and C have")

    @classmethod
    def narrowed(cls, checkpoint: Checkpoint) -> type[LatentQuery]:
        model: Any = checkpoint.model_class
        latent, encodes, draws = (
            model.latent(checkpoint.config),
            issubclass(model, Encodes),
            issubclass(model, HasPrior),
        )
        given = (("pictures",) if encodes else ()) + (("seeds",) if draws else ())
        if latent.dims == 2:
            cuts: tuple[Cut, ...] = ("whole",)
        elif latent.dims < 2:
            cuts = ()
        else:
            cuts = ("principal", "three") if encodes else ("three",)
        way = "spherical" if latent.law == "gaussian" and latent.dims > 2 else "straight"
        shown = {"plane": bool(cuts), "units": latent.dims <= MOST_UNITS}
        parts = tuple(part for part in get_args(Part) if shown.get(part, True))
        return _latent(given, cuts, way, parts, _labelled(checkpoint.spec.recipe.data))


def _labelled(data_name: str) -> bool:
    """Whether a data set has labels, and is here at all."""
    try:
        return bool(data.info(data_name).labels)
    except data.DataError:
        return False


@lru_cache(maxsize=64)
def _latent(
    given: tuple[str, ...], cuts: tuple[Cut, ...], way: str, parts: tuple[Part, ...], labelled: bool
) -> type[LatentQuery]:
    """For models with these sources of latents, planes and parts. `way`: the one to begin with."""
    fields: dict[str, Any] = {
        name: (kind, Field(default, description=LatentQuery.model_fields[name].description))
        for name, kind, default in (
            ("given", Literal[given], given[0]),
            ("cut", Literal[cuts or ("whole",)], (cuts or ("whole",))[0]),
            ("way", Literal["spherical", "straight"], way),
            ("how", Literal["add", "analogy"] if labelled else Literal["add"], "add"),
            ("part", Literal[parts], "path"),
        )
    }
    return create_model("LatentQuery", __base__=LatentQuery, **fields)


OFFERED = 12  # test pictures that Likelihood offers
COMPLETIONS = 8  # of a picture, by seed

Half = Literal["top", "bottom", "left", "right"]  # those of genlib/completion.py
LikelihoodPart = Literal["picture", "pixels", "complete", "crowds", "odd", "density", "layers"]
Score = Literal["likelihood", "typicality", "reconstruction"]  # those of genlib/scoring.py


class LikelihoodQuery(ModelQuery):
    always = frozenset({"model", "part"})
    keeps = frozenset({"part", "way", "example", "seed", "given", "keep"})

    part: LikelihoodPart = Field("picture", description="What is asked about the likelihood")
    way: Literal["example", "draw", "upload"] = Field("example", description="Where the picture comes from")
    example: int = Field(0, ge=0, le=OFFERED - 1, description="Which of the test pictures")
    pixel: int = Field(0, ge=0, le=256**2 - 1, description="The pixel that is looked at, counted row by row")
    seed: int = Field(0, ge=0, le=MAX_SEED + 1 - COMPLETIONS, description="Of the first completion")
    given: Half = Field("top", description="Which half of a picture is given, where the rest is made")
    score: Score = Field("likelihood", description="By what pictures are told apart")
    against: str = Field("", max_length=40, description="The strangers that are held against test pictures")
    keep: int = Field(95, ge=50, le=100, description="How many in a hundred test pictures are let through")

    @classmethod
    def narrowed(cls, checkpoint: Checkpoint) -> type[LikelihoodQuery]:
        model, space = checkpoint.model_class, checkpoint.config.space
        if isinstance(space, Points):
            return LikelihoodOfPoints if issubclass(model, Warps) and space.dims == 2 else DensityOfPoints
        rebuilds = issubclass(model, Encodes) and issubclass(model, Decodes)
        able = (issubclass(model, capability) for capability in (Predicts, Completes))
        return _likelihood(*able, rebuilds, space, crowds.strangers(checkpoint.spec.recipe.data, space))


class LikelihoodOfPoints(LikelihoodQuery):
    """Nothing but its part: points are neither drawn nor told apart there."""

    part: Literal["density", "layers"] = Field("layers", description="What is asked about the likelihood")
    way: Literal["example"] = Field("example", description="Points are not brought")
    score: Literal["likelihood"] = Field("likelihood", description="Points are not told apart")
    against: Literal[""] = Field("", description="Points have no strangers")


class DensityOfPoints(LikelihoodOfPoints):
    part: Literal["density"] = Field("density", description="What is asked about the likelihood")


@lru_cache(maxsize=64)
def _likelihood(
    predicts: bool, completes: bool, rebuilds: bool, space: Pictures, strangers: tuple[str, ...]
) -> type[LikelihoodQuery]:
    """For models of such pictures. predicts: pixel by pixel; completes: half a picture; rebuilds: what it encoded."""
    middle = space.side // 2 * (space.side + 1)

    def field(name: str, default: object, **bounds: Any) -> Any:
        return Field(default, description=LikelihoodQuery.model_fields[name].description, **bounds)

    shown = {"pixels": predicts, "complete": completes}
    parts = tuple(p for p in ("picture", "pixels", "complete", "crowds", "odd") if shown.get(p, True))
    fields: dict[str, Any] = {
        "part": (Literal[parts], field("part", "picture")),
        "pixel": (int, field("pixel", middle, ge=0, le=space.side**2 - 1)),
        "score": (Score if rebuilds else Literal["likelihood", "typicality"], field("score", "likelihood")),
        "against": (Literal[strangers], field("against", strangers[0])),
    }
    if space.channels != 1:  # lines are no picture of coloured things
        fields["way"] = (Literal["example", "upload"], field("way", "example"))
    return create_model("LikelihoodQuery", __base__=LikelihoodQuery, **fields)


class DataQuery(Query):
    always = frozenset({"set"})

    set: str = Field("", max_length=40, description="The data set that is shown, or points")
    only: str = Field("all", max_length=80, description="The label that the pictures have: attribute.value, or all")
    page: int = Field(1, ge=1, le=10_000, description="Which page of its pictures")

    @classmethod
    def beside(cls, parameters: Mapping[str, str]) -> type[DataQuery]:
        """With the labels and the pages of the set that is named, or of the first one."""
        sets = (*data.names(), POINT_SETS)
        chosen = name if (name := parameters.get("set")) in sets else sets[0]
        info = data.info(chosen) if chosen != POINT_SETS else None
        only = [f"{attribute}.{value}" for attribute, values in info.labels.items() for value in values] if info else []
        return _browsing(sets, chosen, ("all", *only), pages_of(info.splits["validation"]) if info else 1)


@lru_cache(maxsize=64)
def _browsing(sets: tuple[str, ...], chosen: str, only: tuple[str, ...], pages: int) -> type[DataQuery]:
    of: Any = (Literal[sets], Field(sets[0], description="The data set that is shown"))
    label: Any = (Literal[only], Field("all", description=f"The label that the pictures of {chosen} have"))
    page: Any = (int, Field(1, ge=1, le=pages, description="Which page of its pictures"))
    return create_model("DataQuery", __base__=DataQuery, set=of, only=label, page=page)


def pages_of(count: int) -> int:
    """How many pages a data set's pictures fill."""
    return max(1, -(-count // PAGE))


@dataclass(frozen=True)
class PageSpec(Generic[Q]):
    """A page.

    key       in its address, and what its session keys begin with
    file      of its script, from the root of the project
    query     what its address says
    needs     the capability that a model must have to be shown there; None: the page shows no model of one's choice
    spaces    the kinds of space that such a model may have
    lacks     what to say of one that does not fit: "NAME makes nothing of its own"
    default   the checkpoint that is shown unless the address names another
    """

    key: str
    title: str
    file: str
    query: type[Q]
    needs: type | None = None
    spaces: tuple[type[Pictures] | type[Points], ...] = (Pictures, Points)
    lacks: str = ""
    default: str = ""

    def widget(self, field: str) -> str:
        """The session key of the widget that shows a field of the query, or of another one."""
        return f"{self.key}.{field}"

    def fits(self, about: catalog.About, kind: str) -> bool:
        """Whether such a model, with a space of this kind, is shown there."""
        kinds = {space.model_fields["kind"].default for space in self.spaces}
        able = self.needs is not None and self.needs.__name__ in about.capabilities
        return able and kind in kinds

    def shelf(self) -> dict[str, catalog.Listed]:
        """The shipped checkpoints that are shown there, by name, in the order of the family tree."""
        return {name: c for name, c in catalog.shelf().items() if self.fits(c.about, c.kind)}

    def takes(self, checkpoint: Checkpoint) -> bool:
        """Whether a checkpoint that was read is shown there."""
        return self.fits(catalog.about(checkpoint.spec.model), checkpoint.config.space.kind)


HOME = PageSpec("home", "Home", "pages/home.py", Query)
SAMPLE = PageSpec(
    "sample",
    "Sample",
    "pages/sample.py",
    SampleQuery,
    needs=Samples,
    lacks="makes nothing of its own: choose another model",
    default="dcgan-faces",
)
TRANSLATE = PageSpec(
    "translate",
    "Translate",
    "pages/translate.py",
    TranslateQuery,
    needs=Translates,
    spaces=(Pictures,),
    lacks="translates nothing: choose another model",
    default="pix2pix-sketch",
)
LATENT = PageSpec(
    "latent",
    "Latent space",
    "pages/latent.py",
    LatentQuery,
    needs=Decodes,
    spaces=(Pictures,),
    lacks="has no latent space of pictures: choose another model",
    default="vae-faces",
)
LIKELIHOOD = PageSpec(
    "likelihood",
    "Likelihood",
    "pages/likelihood.py",
    LikelihoodQuery,
    needs=Scores,
    lacks="cannot say how likely anything is: choose another model",
    default="pixelcnn-digits",
)
TRAIN = PageSpec("train", "Train", "pages/train.py", TrainQuery)
DATA = PageSpec("data", "Data", "pages/data.py", DataQuery)

PAGES: tuple[PageSpec[Any], ...] = (HOME, SAMPLE, TRANSLATE, LATENT, LIKELIHOOD, TRAIN, DATA)  # in this order


def page_of(model: str, kind: str) -> PageSpec[Any] | None:
    """The first page that shows such a model."""
    return next((page for page in PAGES if page.fits(catalog.about(model), kind)), None)


def reserved_names() -> frozenset[str]:
    """The names that addresses of pages with a model use themselves: no control of a model may have one of them."""
    return frozenset(name for page in PAGES if issubclass(page.query, ModelQuery) for name in page.query.parameters())
