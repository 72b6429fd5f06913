"""One file per model. `genlib.catalog.models()` finds them; there is no list to extend."""
