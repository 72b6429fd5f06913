"""The dashboard: `streamlit run app.py`. Adding a page is one file in pages/ and one line here."""

import os

# Before torch is imported: waiting threads sleep. Spinning ones make a step ten times slower beside a busy process.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import streamlit as st

from genlib.ui import frame, memory

memory.give_back()

frame.run(
    [
        st.Page("pages/home.py", title="Home", default=True),
        st.Page("pages/sample.py", title="Sample"),
        st.Page("pages/translate.py", title="Translate"),
        st.Page("pages/data.py", title="Data"),
    ]
)
