"""Prompts: the texts that a model is given, as files."""
