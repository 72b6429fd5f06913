"""genlib: deep generative models in PyTorch, one file per model.

>>> import genlib
>>> model = genlib.load("dcgan-faces")
>>> images = model.sample(seeds=range(64))      # float32 (64, 3, 64, 64) in [0, 1]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlib.errors import GenlibError as GenlibError
    from genlib.sources import load as load

__version__ = "0.1.0"
__all__ = ["GenlibError", "__version__", "load"]


def __getattr__(name: str) -> Any:
    # torch takes a second to import: a page paints its heading first, so nothing here may pull it in.
    if name == "load":
        from genlib.sources import load

        return load
    if name == "GenlibError":
        from genlib.errors import GenlibError

        return GenlibError
    raise AttributeError(f"module 'genlib' has no attribute {name!r}")
