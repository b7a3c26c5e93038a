"""Where openai and instructor are loaded: when a model is asked, not before, since they take more than a second.

instructor is used through its registry of modes, not through the client that it wraps around the SDK. That client logs
validation errors with the reply's text at level ERROR, reads a model's refusal as bad JSON, merges neighbouring
messages, can't ask for `strict`, and hides what failed attempts cost and caused behind one exception.
"""

from __future__ import annotations

import logging
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from agent.config import AnswerMode

asking: ContextVar[bool] = ContextVar("chartproof_asking", default=False)
"""Set while the SDK works on a request of ours."""


class _NoNotes(logging.Filter):
    """Drops what the SDK says of our requests at level DEBUG: it writes them whole, so the note."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (asking.get() and record.levelno <= logging.DEBUG)


_no_notes = _NoNotes()


def load_openai() -> ModuleType:
    """The SDK, kept from logging our requests; those of others in the process are logged as before."""
    import openai

    # A logger holds the same filter once, however often it is added.
    logging.getLogger("openai._base_client").addFilter(_no_notes)
    return openai


def handlers(mode: AnswerMode) -> Any:
    """The request handler and the response parser that instructor has for a mode."""
    from instructor.v2 import Mode, Provider, mode_registry

    modes = {AnswerMode.TOOLS: Mode.TOOLS, AnswerMode.JSON_SCHEMA: Mode.JSON_SCHEMA, AnswerMode.JSON: Mode.JSON}
    return mode_registry.get_handlers(Provider.OPENAI, modes[mode])
