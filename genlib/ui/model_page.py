"""What every page that shows one model has: its picker, the model's controls, the Hub, and the address of it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

import streamlit as st

from genlib.glossary import gloss
from genlib.query import M
from genlib.ui import controls, frame, loaders
from genlib.ui.address import ModelAddress
from genlib.ui.hub_field import HubField
from genlib.ui.pages import PageSpec

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from genlib.checkpoint import Checkpoint
    from genlib.contract import Controls


class ModelPage(Generic[M]):
    """The frame of such a page:

    page = ModelPage(pages.SAMPLE)
    checkpoint, row = page.pick()
    with row:
        ...  # the page's own widgets, with keys from page.key()
        values = page.controls()
        page.hub()
    shown = page.publish()
    """

    def __init__(self, spec: PageSpec[M]) -> None:
        self.spec = spec
        self.address = ModelAddress(spec)
        self.key, self.bounds, self.options = spec.widget, self.address.bounds, self.address.options
        self._hub = HubField(self.address)

    def pick(self) -> tuple[Checkpoint, DeltaGenerator]:
        """The picker, and the row that it stands in, for the page's own widgets. Ends the run where there is no model.

        It is painted before torch, which every model's code imports, is there.
        """
        self._hub.collect()
        shelf, opened = self.spec.shelf(), self._opened()
        titles = {name: listed.title for name, listed in shelf.items()}
        titles |= {name: checkpoint.title for name, checkpoint in opened.items()}
        if not titles:
            st.error("There is no such model yet: `python -m genlib train` makes one.", icon=":material/error:")
            st.stop()
        self.address.choose(titles, self.spec.default if self.spec.default in titles else next(iter(titles)))
        row = st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall")
        name = row.selectbox(
            "Model",
            list(titles),
            format_func=lambda n: f"{titles[n]} · {n}",
            help=gloss("checkpoint"),
            key=self.address.picker,
            persist_state="session",
            width=360,
        )
        with frame.answering(stop=True):
            self.checkpoint = opened[name] if name in opened else loaders.shipped(name)
        self.address.settle(self.checkpoint)
        return self.checkpoint, row

    def controls(self) -> Controls:
        """The model's own controls, behind a button."""
        schema = self.checkpoint.controls
        if not schema.model_fields:
            return schema()
        with st.popover("Controls", icon=":material/tune:"):
            return controls.draw(schema, self.address.controls_key)

    def hub(self) -> None:
        """The field for a model of the Hub, behind a button. After the page's own widgets."""
        with st.popover("Hub", icon=":material/cloud_download:", help="Open a model from the Hugging Face Hub"):
            self._hub.field()

    def publish(self) -> M:
        """What the widgets show, which the address says from now on; notes on what could not be had."""
        unmet = self.address.publish()
        for problem in unmet.problems:
            st.warning(problem, icon=":material/link_off:")
        self._hub.notes(unmet.hub)
        if self.checkpoint.note:
            st.info(self.checkpoint.note, icon=":material/cloud_off:")
        return self.address.values

    def _opened(self) -> dict[str, Checkpoint]:
        """The Hub's models that this visitor opened, as far as they fit."""
        found: dict[str, Checkpoint] = st.session_state.get(loaders.OPENED, {})
        return {name: checkpoint for name, checkpoint in found.items() if self.spec.takes(checkpoint)}
