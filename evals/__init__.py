"""Evals: how good the codings are, by figures that say what they were made from."""
