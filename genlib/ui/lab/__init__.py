"""What the page Train shows: a game lab in the plane, its runs, and what they mean."""
