"""The dashboard: `streamlit run app.py`. What pages there are says genlib/ui/pages.py."""

import os

# Before torch is imported: waiting threads sleep. Spinning ones make a step ten times slower beside a busy process.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from genlib import room

# As many threads as the machine has cores would wait for each other where the process has a share of them only.
if cores := room.cores():
    os.environ.setdefault("OMP_NUM_THREADS", str(cores))

from genlib.ui import frame, memory
from genlib.ui.pages import PAGES

memory.prepare()
frame.run(PAGES)
