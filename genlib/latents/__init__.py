"""What one can do in a latent space: travel, cut a plane, turn single numbers, add directions that mean something."""
