"""This project beside its peers, timed in one run: what counts is the ratio, machines differ."""
