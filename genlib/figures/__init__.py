"""Data -> plotly figures. Backgrounds are transparent, and colours suit a light and a dark page.

A trace without a colour of its own has one of the theme's, in their order: first what was made, then what is real.
"""

MUTED = "#857e76"  # text: 4:1 on the light page and on the dark one
INVISIBLE = "rgba(0, 0, 0, 0)"
