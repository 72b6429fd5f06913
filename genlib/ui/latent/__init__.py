"""The parts of the page Latent space. Each is drawn by one call with the Scene that they share."""
