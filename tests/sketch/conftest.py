from __future__ import annotations

import pytest
from drawings import SIDE, picture

from genlib.sketch import Sketch, prepare


@pytest.fixture(scope="session")
def plain() -> Sketch:
    return prepare(picture(), SIDE)
