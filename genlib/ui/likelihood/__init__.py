"""The parts of the page Likelihood."""
