"""The form of the lab: lesson, data, model, recipe, and the model's own settings, drawn from its schemas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from genlib import catalog, data, drawing, experiment, query
from genlib.budget import MADE
from genlib.data import PictureSet
from genlib.errors import GenlibError
from genlib.experiment import Task
from genlib.lab import lessons, offers
from genlib.spaces import Pictures
from genlib.ui.address import Address
from genlib.ui.canvas import Kept, canvas
from genlib.ui.controls import label
from genlib.ui.lab import brought, lanes
from genlib.ui.lab.desk import LIMITS
from genlib.ui.lab.query import BUDGETS, DRAWN, NOTHING, OWN, RING, TrainQuery
from genlib.ui.pages import TRAIN

if TYPE_CHECKING:
    from genlib.data import PointSet
    from genlib.ui.lab.desk import Desk

KEY = TRAIN.widget
PAPER, SIDE, SIGMA = KEY("_paper"), 320, 0.03  # of a drawing: its paper in px, and the noise across its lines
MINE = {DRAWN: "Your own drawing", data.OWN.name: "Your own pictures"}
FIRST = 5  # settings that stand there at once; the others fold
TINY = 1e-6


def kind() -> str:
    """Of the data that is chosen: "points" or "pictures"."""
    return "pictures" if st.session_state[KEY("data")] in offers.picture_sets() else "points"


def choose() -> None:
    """The lesson, what is learned, and by which model; of pictures how long."""
    st.session_state[KEY("_kind")] = kind()
    st.segmented_control(
        "What is learned",
        ["points", "pictures"],
        format_func={"points": "Points of the plane", "pictures": "Pictures"}.__getitem__,
        key=KEY("_kind"),
        required=True,
        on_change=_other_kind,
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        _choose_points() if kind() == "points" else _choose_pictures()


def _choose_points() -> None:
    _choose_lesson(data.point_names())
    _choose_data([*data.point_names(), DRAWN])
    _choose_model(offers.of_points(), ("data", "model", "seed", "also"))


def _choose_pictures() -> None:
    state = st.session_state
    _choose_lesson(offers.picture_sets())
    _choose_data(list(offers.picture_sets()), on_change=_turn, args=(("data", "model", "budget", "seed"),))
    _choose_model(offers.of_pictures(state[KEY("data")]), ("data", "model", "budget", "seed"))
    st.selectbox(
        "Time",
        BUDGETS,
        format_func=lambda s: f"{s} s" if s < 60 else f"{s // 60} min",
        key=KEY("budget"),
        persist_state="session",
        width=100,
        help="How long it runs, pauses not counted. Its learning rates fall towards the end of it.",
    )
    if starts := offers.starts(state[KEY("model")], state[KEY("data")]):
        st.selectbox(
            "Start from",
            [NOTHING, *starts],
            format_func=lambda name: "Nothing" if name == NOTHING else name,
            key=KEY("weights"),
            on_change=_turn,
            args=(("data", "model", "budget", "weights", "seed"),),
            persist_state="session",
            width=180,
            help="Fresh weights, or those of a checkpoint that is here: it goes on learning",
        )


def _choose_lesson(sets: tuple[str, ...]) -> None:
    titles = {"free": "Free play", **{lesson.key: lesson.title for lesson in lessons.of(sets)}}
    st.selectbox(
        "Lesson",
        list(titles),
        format_func=titles.__getitem__,
        key=KEY("lesson"),
        on_change=_other_lesson,
        persist_state="session",
        width=300,
    )


def _choose_data(names: list[str], **change: Any) -> None:
    st.selectbox(
        "Data",
        names,
        format_func=lambda name: MINE.get(name) or data.info(name).title,
        key=KEY("data"),
        persist_state="session",
        width=220,
        **change,
    )


def _choose_model(names: tuple[str, ...], keep: tuple[str, ...]) -> None:
    st.selectbox(
        "Model",
        names,
        format_func=lambda name: catalog.about(name).title,
        key=KEY("model"),
        on_change=_turn,
        args=(keep,),
        persist_state="session",
        width=300,
    )


def bring(desk: Desk) -> None:
    """To draw the data on, or to bring them, where the visitor wants to."""
    if st.session_state[KEY("data")] == data.OWN.name:
        brought.bring(desk)
    if st.session_state[KEY("data")] == DRAWN:
        canvas(PAPER, SIDE, brush=False)
        st.caption("Points lie along your lines, evenly. Draw, then press Start.")


def source(name: str) -> PointSet:
    """The points of that name. DataError, where nothing is drawn yet."""
    if name != DRAWN:
        return data.load_points(name)
    kept = _kept()

    def make() -> PointSet:
        lines = drawing.strokes(list(kept.objects))
        return data.from_strokes([(2 * line / SIDE - 1) * (1, -1) for line in lines], SIGMA)

    return MADE.get(("drawn points", str(kept.objects)), make)


def version(name: str) -> str:
    """Another one for each drawing; the same as long as the points are."""
    return str(_kept().objects) if name == DRAWN else ""


def _kept() -> Kept:
    """What is on the paper."""
    kept: Kept | None = st.session_state.get(f"{PAPER}.kept")
    return kept or Kept()


def question() -> None:
    """Of the lesson that is given, and its answer to open."""
    if lesson := lessons.find(st.session_state[KEY("lesson")]):
        st.markdown(f"**{lesson.question}**")
        with st.expander("The answer", key=KEY(f"_answer.{lesson.key}"), icon=":material/lightbulb:"):
            st.markdown(lesson.answer)


def settings(address: Address[TrainQuery], trouble: str) -> None:
    """The model's own, then the recipe; and what is wrong with them."""
    known = query.fields(address.schema)
    about = catalog.about(st.session_state[KEY("model")])
    own = [name for name in known if name not in OWN]
    training = set(catalog.model_class(st.session_state[KEY("model")]).Training.model_fields)
    # What the game is, then how it is played: a choice among few, and the training's numbers.
    own.sort(key=lambda name: (name not in training and len(query.choices(known[name])) < 3, name not in training))
    st.markdown(f"**{about.title}** · {about.idea} [{about.paper.authors} {about.paper.year}]({about.paper.url})")
    _row(known, own[:FIRST])
    if trouble:
        st.warning(trouble, icon=":material/warning:")
    with st.expander("More settings", icon=":material/tune:", key=KEY("_more")):
        _row(known, own[FIRST:])
        _row(known, ["seed", *(["steps"] if kind() == "points" else []), "batch", "ema", "cooldown"])
    if kind() == "points":
        lanes.choose(address.values, taken(address.values))


def budget() -> float | None:
    """Seconds that a run on pictures may take; of points the steps are counted."""
    return float(st.session_state[KEY("budget")]) if kind() == "pictures" else None


def tasks(address: Address[TrainQuery]) -> list[tuple[Task, str]]:
    """What the form asks for, each with what it is called: one run, or several side by side. GenlibError."""
    asked = address.values
    lesson = lessons.find(asked.lesson)
    if kind() == "pictures":
        start = "" if asked.weights == NOTHING else asked.weights
        mine = brought.pictures() if asked.data == data.OWN.name else None
        task = replace(offers.usual(asked.model, asked.data, start, asked.recipe, mine, **asked.settings), start=start)
        if not (lesson and lesson.beside):
            return [(task, "")]
        model, own, called = lesson.beside
        return [(task, lesson.called), (offers.usual(model, asked.data, "", asked.recipe, mine, **own), called)]
    found = [(_task(asked.model, asked.recipe, asked.settings), lesson.called if lesson else "")]
    if lesson and lesson.beside:
        model, own, called = lesson.beside
        found.append((_task(model, asked.recipe, own), called))
    for lane in lanes.read(asked.also, lanes.MOST - len(found)):
        own_recipe = {**lane.recipe, **{name: asked.recipe[name] for name in lanes.SHARED}}
        found.append((_task(lane.model, own_recipe, lane.settings), ""))
    return lanes.named(found)


def trouble(address: Address[TrainQuery]) -> str:
    """Why the settings can't go together, in a sentence; "" where they can, as far as can be said without the data."""
    try:
        for task, _ in tasks(address):
            LIMITS.check(task)
            experiment.start(task)
    except data.DataError:
        return ""
    except GenlibError as error:
        return str(error)
    return ""


def abreast(asked: TrainQuery) -> int:
    """How many runs it asks for."""
    return taken(asked) + (lanes.count(asked.also) if kind() == "points" else 0)


def taken(asked: TrainQuery) -> int:
    """How many of them the visitor has not set beside."""
    lesson = lessons.find(asked.lesson)
    return 2 if lesson and lesson.beside else 1


def changed(task: Task, change: Mapping[str, Any]) -> Task:
    """The same with other settings of its model. GenlibError."""
    recipe = task.recipe.model_dump(exclude={"training"})
    settings = {**task.config.model_dump(exclude={"space"}), **task.recipe.training, **change}
    if isinstance(task.config.space, Pictures):
        mine = task.source if isinstance(task.source, PictureSet) else None
        return replace(offers.usual(task.model, recipe["data"], task.start, recipe, mine, **settings), start=task.start)
    return _task(task.model, recipe, settings, task.source)  # type: ignore[arg-type]  # points


def _task(model: str, recipe: Mapping[str, Any], settings: Mapping[str, Any], points: PointSet | None = None) -> Task:
    """`points`: none: those that the recipe names."""
    points = points or source(recipe["data"])
    return experiment.plan(f"lab-{model}", model=model, recipe=recipe, settings=settings, source=points)


def _turn(keep: tuple[str, ...]) -> None:
    """Another lesson or model: what is not kept has its own defaults."""
    state = st.session_state
    kept = {field: str(state[KEY(field)]) for field in keep}
    if kind() == "pictures":
        if kept["model"] not in offers.of_pictures(kept["data"]):
            del kept["model"]
    elif "lesson" not in keep:
        kept["lesson"] = "free"
    Address(TRAIN).want(kept)


def _other_lesson() -> None:
    state = st.session_state
    kept = {field: str(state[KEY(field)]) for field in ("lesson", "seed")}
    if kept["lesson"] == "free" and kind() == "pictures":  # else it would be points
        kept["data"] = state[KEY("data")]
    Address(TRAIN).want(kept)


def _other_kind() -> None:
    pictures = st.session_state[KEY("_kind")] == "pictures"
    Address(TRAIN).want({"data": offers.smallest() if pictures else RING})


def _row(known: Mapping[str, Mapping[str, Any]], names: list[str]) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for name in names:
            _widget(known[name], KEY(name))


def _widget(field: Mapping[str, Any], key: str) -> None:
    """One field. Its state is in the session by now: the address put it there."""
    common: dict[str, Any] = {
        "label": label(field), "help": field.get("description"), "key": key, "persist_state": "session",
    }  # fmt: skip
    if options := query.choices(field):
        if len(options) <= 3:
            st.segmented_control(options=options, required=True, **common)
        else:
            st.selectbox(options=options, width=190, **common)
    elif field["type"] == "boolean":
        st.toggle(**common)
    else:
        number = int if field["type"] == "integer" else float
        low = field["minimum"] if "minimum" in field else field["exclusiveMinimum"] + TINY
        high = field["maximum"] if "maximum" in field else field["exclusiveMaximum"] - TINY
        value = number(st.session_state[key])
        step = 1 if number is int else _pace(value, float(high))
        st.number_input(
            min_value=number(low), max_value=number(high), step=number(step), width=150,
            format="%d" if number is int else "%.6g", **common,
        )  # fmt: skip


def _pace(value: float, high: float) -> float:
    """By how much a number goes up and down at a click: about a tenth of what it is."""
    size = value or high / 10
    return float(f"{size / 10:.0e}")
