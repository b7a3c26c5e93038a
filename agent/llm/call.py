"""One ask on its way: where it comes from, what it says, and what it has cost so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.config import Settings
from agent.errors import AnswerError, ModelError
from agent.llm.faults import Fault
from agent.records import Usage

Message = dict[str, str]

CHARACTERS_A_TOKEN = 4


@dataclass
class Call:
    """One ask. `began` is when its turn came; `seconds` are those of its requests, without those between tries."""

    encounter: str
    step: str
    messages: list[Message]
    began: float = 0.0
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    def usage(self) -> Usage:
        """What was spent until now."""
        return Usage(
            calls=self.requests,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            seconds=round(self.seconds, 6),
            model_seconds=round(self.seconds, 6),
        )

    def error(self, fault: Fault, *, reply: str = "") -> ModelError:
        """The fault as an error of this ask, holding what was spent until now."""
        if issubclass(fault.kind, AnswerError):
            return fault.kind(fault.message, encounter=self.encounter, step=self.step, usage=self.usage(), reply=reply)
        return fault.kind(fault.message, encounter=self.encounter, step=self.step, usage=self.usage())

    def count(self, sent: list[Message], reply: str, used: Any) -> None:
        """Add what a reply cost: as its server counted, or estimated where it counts nothing (nearer than zero)."""
        written = "".join(message["content"] for message in sent)
        self.prompt_tokens += getattr(used, "prompt_tokens", None) or estimate_tokens(written)
        self.completion_tokens += getattr(used, "completion_tokens", None) or estimate_tokens(reply)

    def sendable(self) -> bool:
        """Whether every message can be sent as UTF-8 (half of a surrogate pair can't)."""
        try:
            "".join(message["content"] for message in self.messages).encode("utf-8")
        except UnicodeEncodeError:
            return False
        return True


def estimate_tokens(text: str) -> int:
    """About how many tokens a text takes: its UTF-8 bytes by four, rounded up; tokenizers differ by a fifth or so."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // CHARACTERS_A_TOKEN)


def cost(usage: Usage, settings: Settings) -> float | None:
    """What a usage costs in USD by the prices in the settings; None where the two are not given."""
    if settings.price_prompt is None or settings.price_completion is None:
        return None
    return (usage.prompt_tokens * settings.price_prompt + usage.completion_tokens * settings.price_completion) / 1e6
