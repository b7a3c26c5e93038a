"""JSON schemas in the form that hosted OpenAI and Azure enforce to the letter (`strict`)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

# Checked by pydantic when the answer is read, but not accepted in a strict schema.
_LEFT_OUT = {"default", "minLength", "maxLength", "minProperties", "maxProperties", "uniqueItems", "examples"}
_KEPT = {
    "type", "enum", "const", "description", "title", "format", "pattern", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "minItems", "maxItems",
}  # fmt: skip
_FORMATS = {"date", "date-time", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
_DEEPEST = 50


def strict_schema(answer: type[BaseModel]) -> dict[str, Any] | None:
    """The schema of `answer` as `strict` wants it, or None where it can't be said so (a free dictionary, for one).

    Every object lists all its properties as required and allows no other; keywords that are not accepted are left out.
    Source: https://platform.openai.com/docs/guides/structured-outputs (supported schemas).
    """
    schema = answer.model_json_schema()
    try:
        return _strict(schema, schema.get("$defs", {}), depth=0)
    except _Unsayable:
        return None


class _Unsayable(Exception):
    """A schema that has no strict form."""


def _strict(schema: dict[str, Any], defs: dict[str, Any], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        raise _Unsayable("a model that refers to itself beside a description")
    if "$ref" in schema:
        if len(schema) == 1:
            return dict(schema)
        # A reference must stand alone: what it refers to is put in its place, with what is said beside it.
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _strict(defs[schema["$ref"].removeprefix("#/$defs/")] | beside, defs, depth + 1)
    strict: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("$defs", "properties"):
            strict[key] = {name: _strict(part, defs, depth + 1) for name, part in value.items()}
        elif key == "items":
            strict[key] = _strict(value, defs, depth + 1)
        elif key in ("anyOf", "oneOf"):
            strict["anyOf"] = [_strict(part, defs, depth + 1) for part in value]
        elif key == "format":
            if value in _FORMATS:
                strict[key] = value
        elif key in _KEPT:
            strict[key] = value
        elif key not in _LEFT_OUT | {"required", "additionalProperties", "discriminator"}:
            raise _Unsayable(key)
    if not strict.keys() & {"type", "anyOf", "enum", "const"}:
        raise _Unsayable("a value of any type")
    if schema.get("type") == "object":
        if schema.get("additionalProperties") not in (None, False) or "properties" not in schema:
            raise _Unsayable("an object with free keys")
        strict["required"] = list(schema["properties"])
        strict["additionalProperties"] = False
    return strict
