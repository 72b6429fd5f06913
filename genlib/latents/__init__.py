"""What one can do in a latent space: travel, look at a plane of it, turn single numbers, add directions that mean something."""
