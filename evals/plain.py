"""Plain: the same model with one plain prompt, no evidence, lookup, rules or critique; what the pipeline must beat."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from agent.config import Settings
from agent.prompts import load
from agent.records import Scope
from evals.cases import Case, dotted
from evals.meter import MeteredEndpoint
from evals.outcome import Outcome
from evals.subject import STOPS, Timed, timed, why

PROMPTS: Mapping[Scope, str] = {Scope.CLAIM: "baseline", Scope.MENTIONS: "baseline_mentions"}


class Codes(BaseModel):
    """The codes, with their dots."""

    model_config = ConfigDict(extra="forbid")

    codes: list[str]


def fingerprints(scope: Scope, settings: Settings) -> dict[str, str]:
    """The fingerprint of the prompt of a scope, by its name."""
    prompt = load(PROMPTS[scope], settings.prompts)
    return {prompt.name: prompt.fingerprint(Codes)}


class Plain:
    """One plain prompt to a model."""

    def __init__(self, settings: Settings, scope: Scope, endpoint: MeteredEndpoint) -> None:
        """Ask `endpoint`."""
        self._endpoint = endpoint
        self._prompt = load(PROMPTS[scope], settings.prompts)
        self.at_once = 2 * settings.concurrency

    async def __aenter__(self) -> Plain:
        """The subject itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the endpoint."""
        await self._endpoint.aclose()

    async def code(self, case: Case) -> Timed:
        """The codes that the model gave, each once, in its order; or why it gave none."""
        encounter, began, started = case.encounter, time.perf_counter(), datetime.now(UTC)
        system = self._prompt.fill(setting=encounter.setting.value)
        try:
            answer = await self._endpoint.ask(
                [
                    {"role": "system", "content": system},
                    *({"role": "user", "content": document.text} for document in encounter.documents),
                ],
                Codes,
                step="plain",
                encounter=encounter.id,
            )
        except STOPS:
            raise
        except Exception as error:
            outcome = Outcome(encounter=encounter.id, failure=why(error))
        else:
            given = (dotted(code) for code in answer.value.codes)
            outcome = Outcome(encounter=encounter.id, codes=tuple(dict.fromkeys(code for code in given if code)))
        return timed(outcome, self._endpoint, started, time.perf_counter() - began)
