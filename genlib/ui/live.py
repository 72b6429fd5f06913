"""What screen readers say when the pictures on a page have changed."""

from __future__ import annotations

import hashlib

import numpy as np
import streamlit as st

# At first it is silent: a page that opens is read out anyway.
_component = st.components.v2.component(
    "genlib.live",
    html='<p role="status"></p>',
    js="""export default function ({ parentElement, data }) {
  const status = parentElement.querySelector("p");
  const told = JSON.stringify([data.text, data.of]);
  if (status.told !== undefined && status.told !== told) status.textContent = data.text;
  status.told = told;
}""",
)


def live(text: str, key: str, of: np.ndarray | None = None) -> None:
    """Have `text` read out whenever it, or the picture that it is said `of`, is another than before. It is not seen."""
    with st.container(key=f"live-{key}"):
        digest = "" if of is None else hashlib.blake2b(of.tobytes(), digest_size=16).hexdigest()
        _component(data={"text": text, "of": digest}, key=f"{key}.live")
