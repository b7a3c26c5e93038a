"""Code sets: builders from official files, the lexicon, and the registry of editions."""
