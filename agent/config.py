"""Settings: read once from the environment, checked, and handed on as a frozen value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import platformdirs
from pydantic import Field, ValidationError

from agent.errors import SettingsError
from agent.records import Record

PREFIX = "CHARTPROOF_"


def _default_cache() -> Path:
    return Path(platformdirs.user_cache_dir("chartproof", appauthor=False))


class Settings(Record):
    """What can be set; each field is read from `CHARTPROOF_` and its name in capitals.

    `cache` is the folder of the code tables. `chunk_tokens` limits a chunk (estimated tokens); `context_tokens` is how
    much of the text before it may be shown. `max_note_bytes` is the longest document that is taken (UTF-8 bytes).
    """

    cache: Path = Field(default_factory=_default_cache)
    chunk_tokens: int = Field(default=3000, ge=50)
    context_tokens: int = Field(default=120, ge=0)
    max_note_bytes: int = Field(default=5_000_000, ge=1)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings that the environment asks for, defaults elsewhere.

        Raises:
            SettingsError: a `CHARTPROOF_` variable that is unknown, or whose value can't be used.
        """
        source = os.environ if environment is None else environment
        given = {name[len(PREFIX) :].lower(): value for name, value in source.items() if name.startswith(PREFIX)}
        for name in given:
            if name not in cls.model_fields:
                known = ", ".join(PREFIX + field.upper() for field in cls.model_fields)
                raise SettingsError(
                    f"{PREFIX}{name.upper()} is not a setting of chartproof; the settings are {known}. "
                    "Unset it or correct its name.",
                    name=name,
                )
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "?"
            raise SettingsError(
                f"{PREFIX}{name.upper()}={given.get(name)!r} can't be used: {first['msg'].lower()}. "
                "Correct it or unset it for the default.",
                name=name,
            ) from error
