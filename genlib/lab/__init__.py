"""The game lab: what is seen of a model that learns points, what it means, and lessons that show it."""
