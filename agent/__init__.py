"""chartproof: clinical notes to ICD-10-CM codes that can be defended.

::

    from agent import code_note
    coding = code_note(text, setting="outpatient", date_of_service="2026-05-04")

Names are loaded when they are first used, so that `import agent` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.api import acode_encounter, acode_note, code_encounter, code_note
    from agent.codebook import CodeBook
    from agent.config import Settings
    from agent.errors import ChartproofError
    from agent.lexical import LexicalEngine
    from agent.records import Coding, Document, Encounter, Patient, Scope, Setting

_HOMES = {
    "acode_encounter": "agent.api",
    "acode_note": "agent.api",
    "code_encounter": "agent.api",
    "code_note": "agent.api",
    "CodeBook": "agent.codebook",
    "Settings": "agent.config",
    "ChartproofError": "agent.errors",
    "LexicalEngine": "agent.lexical",
    "Coding": "agent.records",
    "Document": "agent.records",
    "Encounter": "agent.records",
    "Patient": "agent.records",
    "Scope": "agent.records",
    "Setting": "agent.records",
}

__all__ = [
    "ChartproofError",
    "CodeBook",
    "Coding",
    "Document",
    "Encounter",
    "LexicalEngine",
    "Patient",
    "Scope",
    "Setting",
    "Settings",
    "acode_encounter",
    "acode_note",
    "code_encounter",
    "code_note",
]


def __getattr__(name: str) -> Any:
    """A public name, loaded from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'agent' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
