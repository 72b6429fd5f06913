"""Train: a model learns points or pictures before one's eyes, and can be broken, mended and compared."""

import streamlit as st

from genlib.ui import frame, pages
from genlib.ui.address import Address

frame.heading("Train", "Watch a model learn pictures or points of the plane, on this machine, and break it yourself.")

with frame.answering():
    address = Address(pages.TRAIN)
    address.restore()
    from genlib import room

    # These import torch, for which the heading does not wait.
    from genlib.ui.lab import desk, form, game, keep, panel, race

    keep.go_on()
    form.choose()
    for problem in address.publish().problems:
        st.warning(problem, icon=":material/link_off:")
    form.question()
    mine = desk.mine()
    form.bring(mine)
    trouble = form.trouble(address)
    panel.draw(mine, address, trouble)
    race.draw(mine, address, trouble)
    st.header("Settings", anchor=False)
    form.settings(address, trouble)
    if form.kind() == "points":
        game.explain()
    keep.open_again()
    if room.plenty():
        frame.import_ahead("torch._dynamo")  # the first optimiser imports it: a second or two, while one reads
