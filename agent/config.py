"""Settings: read once from the environment, checked, and handed on as a frozen value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator

from agent.errors import SettingsError
from agent.records import Family, Record

PREFIX = "CHARTPROOF_"
KEY = "OPENAI_API_KEY"

_NOT_FROM_PREFIX = {"api_key"}


class AnswerMode(StrEnum):
    """How the model is told the form of its answer.

    `json_schema` is enforced by hosted OpenAI and Azure, vLLM, Ollama and llama.cpp. `tools` needs a server that
    honours a forced tool choice (llama.cpp and Ollama do not). `json` asks for any JSON, with the schema in words.
    """

    TOOLS = "tools"
    JSON_SCHEMA = "json_schema"
    JSON = "json"


class SecondLook(StrEnum):
    """Whether a model's reading is looked over for what it missed: not at all, or by the lexical engine's finds."""

    NONE = "none"
    LEXICAL = "lexical"


class OptionForm(StrEnum):
    """How the critique is offered codes: by their titles, or by titles and codes."""

    TITLES = "titles"
    CODES = "codes"


def _default_cache() -> Path:
    return Path(platformdirs.user_cache_dir("chartproof", appauthor=False))


class Settings(Record):
    """What can be set; each field is read from `CHARTPROOF_` and its name in capitals, `api_key` from `OPENAI_API_KEY`.

    `cache` is the folder of the code tables. `chunk_tokens` limits a chunk (estimated tokens); `context_tokens` is how
    much of the text before it may be shown. `max_note_bytes` is the longest document that is taken (UTF-8 bytes).

    The model: `model` is its name at the endpoint (None: no model is configured). `base_url` is the endpoint's address
    with its version, such as `http://127.0.0.1:8000/v1` or `https://NAME.openai.azure.com/openai/v1/` (None: hosted
    OpenAI). `mode` is how the form of the answer is asked for. `answer_tokens` is the most that one answer may take,
    reasoning included. `temperature` and `seed` are sent only where they are given.

    How it is used: `second_look` says whether what it missed is looked for among the lexical engine's finds;
    `option_form` is how the critique is offered its codes. `rules_off` are families of rules that say nothing, with
    commas between them: what is left out of a result by them is then not left out. `prompts` is a folder whose prompt
    files take the place of the package's of the same name.

    Its limits: `timeout` is the seconds for one request as a whole. `concurrency` is how many asks of one endpoint run
    at once in an event loop. `tries` is how often one request is sent at most, and `retry_seconds` how long after an
    ask began another try may still start. After `breaker_failures` asks in a row that did not reach the endpoint, asks
    fail at once for `breaker_seconds`; then one is let through to see.

    `price_prompt` and `price_completion` are USD for a million tokens; without both no cost is worked out.
    """

    cache: Path = Field(default_factory=_default_cache)
    chunk_tokens: int = Field(default=3000, ge=50)
    context_tokens: int = Field(default=120, ge=0)
    max_note_bytes: int = Field(default=5_000_000, ge=1)

    model: str | None = Field(default=None, min_length=1)
    base_url: str | None = None
    api_key: SecretStr | None = None
    mode: AnswerMode = AnswerMode.JSON_SCHEMA
    answer_tokens: int = Field(default=8192, ge=1)
    temperature: float | None = Field(default=None, ge=0, le=2)
    seed: int | None = None

    second_look: SecondLook = SecondLook.LEXICAL
    option_form: OptionForm = OptionForm.TITLES
    rules_off: frozenset[Family] = frozenset()
    prompts: Path | None = None

    timeout: float = Field(default=180.0, gt=0, allow_inf_nan=False)
    concurrency: int = Field(default=4, ge=1)
    tries: int = Field(default=4, ge=1)
    retry_seconds: float = Field(default=120.0, ge=0, allow_inf_nan=False)
    breaker_failures: int = Field(default=5, ge=1)
    breaker_seconds: float = Field(default=30.0, ge=0, allow_inf_nan=False)
    price_prompt: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    price_completion: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ValueError("an endpoint's address looks like http://127.0.0.1:8000/v1")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError(f"an endpoint's address holds no name, password, query or fragment; the key goes in {KEY}")
        if parts.path.rstrip("/").endswith("/completions"):
            raise ValueError("give the address without /chat/completions, such as http://127.0.0.1:8000/v1")
        return value

    @field_validator("api_key")
    @classmethod
    def _bare(cls, value: SecretStr | None) -> SecretStr | None:
        # A key read from a file often ends in a newline, and an unset one is often exported as an empty string.
        bare = "" if value is None else value.get_secret_value().strip()
        return SecretStr(bare) if bare else None

    @field_validator("rules_off", mode="before")
    @classmethod
    def _families(cls, value: object) -> object:
        return [name.strip() for name in value.split(",") if name.strip()] if isinstance(value, str) else value

    @property
    def hosted(self) -> bool:
        """Whether the endpoint is OpenAI's or Azure's own, which take no request without a key."""
        host = urlsplit(self.base_url).hostname if self.base_url else "api.openai.com"
        return host is not None and host.endswith((".openai.com", ".azure.com"))

    def named_model(self) -> str:
        """The model's name.

        Raises:
            SettingsError: none is set.
        """
        if self.model is None:
            raise SettingsError(
                f"no model is set: give its name at the endpoint in {PREFIX}MODEL, and the endpoint's address in "
                f"{PREFIX}BASE_URL unless it is hosted OpenAI",
                name="model",
            )
        return self.model

    def key_to_send(self) -> str:
        """The key; a word in its place for a server that asks for none.

        Raises:
            SettingsError: a hosted endpoint without a key, or a key that no HTTP header can carry.
        """
        key = self.api_key.get_secret_value() if self.api_key else ""
        if not key and self.hosted:
            raise SettingsError(
                f"{KEY} is not set, and {self.base_url or 'hosted OpenAI'} takes no request without a key. Set it, or "
                f"set {PREFIX}BASE_URL to a server of your own",
                name="api_key",
            )
        if not (key.isascii() and key.isprintable()):
            raise SettingsError(f"{KEY} holds characters that no key has; copy it again", name="api_key")
        return key or "none"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings that the environment asks for, defaults elsewhere.

        Raises:
            SettingsError: a `CHARTPROOF_` variable that is unknown, or whose value can't be used.
        """
        source = os.environ if environment is None else environment
        given = {name[len(PREFIX) :].lower(): value for name, value in source.items() if name.startswith(PREFIX)}
        for name in given:
            if name not in cls.model_fields or name in _NOT_FROM_PREFIX:
                known = ", ".join(PREFIX + field.upper() for field in cls.model_fields if field not in _NOT_FROM_PREFIX)
                raise SettingsError(
                    f"{PREFIX}{name.upper()} is not a setting of chartproof; the settings are {known}, and the key is "
                    f"read from {KEY}. Unset it or correct its name.",
                    name=name,
                )
        if KEY in source:
            given["api_key"] = source[KEY]
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "?"
            why = first["msg"].removeprefix("Value error, ")
            # An address may hold a password or a key; it is not repeated where it may be logged.
            secret = name == "base_url" and any(mark in given[name] for mark in "@?")
            raise SettingsError(
                f"{PREFIX}{name.upper()}{'' if secret else f'={given.get(name)!r}'} can't be used: "
                f"{why[:1].lower()}{why[1:]}. "
                "Correct it or unset it for the default.",
                name=name,
            ) from (None if secret else error)

    def shown(self) -> dict[str, str]:
        """What of the settings is written into an audit: what can change a result, and no secret."""
        shown = {"chunk_tokens": str(self.chunk_tokens), "context_tokens": str(self.context_tokens)}
        if self.rules_off:
            shown["rules_off"] = ",".join(sorted(self.rules_off))
        if self.prompts is not None:
            shown["prompts"] = str(self.prompts)
        if self.model is not None:
            names = ("base_url", "mode", "answer_tokens", "temperature", "seed", "second_look", "option_form")
            shown |= {name: str(getattr(self, name)) for name in names}
        return shown
