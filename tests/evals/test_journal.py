"""The journal: nothing that was answered is asked again, failures included; what changes an answer changes the key."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import BaseModel

from agent.config import Settings
from agent.errors import AnswerError, EndpointUnreachable, RefusedAnswer
from agent.llm import Answer
from evals.journal import Journal, JournalEndpoint, request_key
from tests.asking import GOOD, Items
from tests.servers import Reply, Server, completion

ASKED = [{"role": "user", "content": "List them."}]


def settings_for(url: str) -> Settings:
    return Settings(base_url=url, model="m", tries=1, timeout=5.0)


def ask(
    path: Path, settings: Settings, *, times: int = 1, **journal: bool
) -> tuple[list[Answer[Items]], JournalEndpoint]:
    kept = Journal(path, **journal)
    endpoint = JournalEndpoint(settings, kept)

    async def all_of_them() -> list[Answer[Items]]:
        async with endpoint:
            one = (endpoint.ask(ASKED, Items, step="propose", encounter="e1") for _ in range(times))
            return list(await asyncio.gather(*one))

    try:
        return asyncio.run(all_of_them()), endpoint
    finally:
        kept.close()


def test_an_answer_is_asked_for_once(tmp_path: Path) -> None:
    with Server(completion(GOOD)) as server:
        first, endpoint = ask(tmp_path / "j", settings_for(server.url))
        again, later = ask(tmp_path / "j", settings_for(server.url))
    assert again == first and first[0].value.items[0].name == "pneumonia"
    assert later.spent("e1") == endpoint.spent("e1") and later.spent("e1").prompt_tokens == 10
    assert later.saved("e1") == endpoint.spent("e1").seconds and endpoint.saved("e1") == 0


def test_the_same_request_twice_at_once_is_sent_once(tmp_path: Path) -> None:
    with Server(completion(GOOD, delay=0.1)) as server:
        both, endpoint = ask(tmp_path / "j", settings_for(server.url), times=2)
    assert both[0] == both[1]
    assert endpoint.spent("e1").calls == 2  # what the encounter costs by itself


def test_an_answer_that_never_came_right_is_not_paid_for_again(tmp_path: Path) -> None:
    wrong = completion({"items": [{"name": "x", "kind": 3}]})
    with Server(wrong, wrong) as server:
        for _ in range(2):
            with pytest.raises(AnswerError, match="answered wrongly twice") as caught:
                ask(tmp_path / "j", settings_for(server.url))
            assert caught.value.usage.calls == 2 and '"kind": 3' in caught.value.reply


def test_failures_are_asked_again_where_that_is_wanted(tmp_path: Path) -> None:
    declined = completion(message={"role": "assistant", "content": None, "refusal": "no"})
    with Server(declined, completion(GOOD)) as server:
        with pytest.raises(RefusedAnswer):
            ask(tmp_path / "j", settings_for(server.url))
        answers, _ = ask(tmp_path / "j", settings_for(server.url), failures=False)
    assert answers[0].value.items


def test_what_never_reached_the_model_is_not_kept(tmp_path: Path) -> None:
    with Server(Reply(status=503), completion(GOOD)) as server:
        with pytest.raises(EndpointUnreachable):
            ask(tmp_path / "j", settings_for(server.url))
        assert (tmp_path / "j").read_bytes() == b""
        ask(tmp_path / "j", settings_for(server.url))


def test_answers_of_an_earlier_run_are_used_and_its_failures_are_not(tmp_path: Path) -> None:
    with Server(completion(GOOD)) as server:
        ask(tmp_path / "earlier", settings_for(server.url))
        kept = Journal(tmp_path / "j", earlier=[tmp_path / "earlier"])
        key = request_key(ASKED, Items, settings_for(server.url))
        assert kept.get(key) is not None
        kept.close()


def test_a_check_that_objects_to_what_was_kept_asks_anew(tmp_path: Path) -> None:
    with Server(completion(GOOD), completion({"items": []})) as server:
        settings = settings_for(server.url)
        ask(tmp_path / "j", settings)
        journal = Journal(tmp_path / "j")
        endpoint = JournalEndpoint(settings, journal)

        async def strict() -> Answer[Items]:
            async with endpoint:
                return await endpoint.ask(
                    ASKED, Items, step="propose", encounter="e1", check=lambda found: "none" if found.items else None
                )

        assert asyncio.run(strict()).value.items == []
        journal.close()


def test_the_key_follows_what_changes_an_answer_and_nothing_else() -> None:
    class Other(BaseModel):
        items: list[str]

    base = Settings(model="m", base_url="http://127.0.0.1:1/v1")
    key = request_key(ASKED, Items, base)
    changed = [
        base.model_copy(update={name: value}) for name, value in {"model": "n", "temperature": 0.5, "seed": 1}.items()
    ]
    keys = {key, *(request_key(ASKED, Items, one) for one in changed)}
    keys |= {request_key(ASKED, Other, base), request_key([*ASKED, *ASKED], Items, base)}
    assert len(keys) == 6
    same = base.model_copy(update={"tries": 9, "timeout": 1.0, "concurrency": 2, "price_prompt": 1.0})
    assert request_key(ASKED, Items, same) == key


def test_a_damaged_journal_is_named(tmp_path: Path) -> None:
    from agent.errors import InputError

    (tmp_path / "j").write_text('{"request": "x"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"j:1: the line is damaged"):
        Journal(tmp_path / "j")
