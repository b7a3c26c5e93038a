"""Loaders: labelled notes from outside the project as cases; the files stay where they are.

Each loader gives all its cases or a `GoldError` that names every problem with its file and line.
"""

from __future__ import annotations

from evals.cases import Case
from evals.loaders.aci import load_aci
from evals.loaders.codiesp import load_codiesp
from evals.loaders.mdace import load_mdace
from evals.loaders.tables import load_table

__all__ = ["Case", "load_aci", "load_codiesp", "load_mdace", "load_table"]
