"""Reports: a coding as people and machines want to read it."""
