"""Numbers about models: how good, how varied, how likely, and whether it only remembers.

Every number comes with its protocol and, where there is one, with its floor: the same measure taken between two sets
of real pictures of the same sizes, which is the best that a model could get.
"""
