"""Buttons and a slider that go through steps: a part of components that do."""

from pathlib import Path

HERE = Path(__file__).parent
CSS = (HERE / "bar.css").read_text()


def within(name: str, folder: Path = HERE) -> str:
    """The HTML of the file `name`, with the bar where it says so."""
    return (folder / name).read_text().replace("<!-- bar.html -->", (HERE / "bar.html").read_text())
