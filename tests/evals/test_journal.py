"""The journal: nothing that was answered is asked again, failures included; what changes an answer changes the key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
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
DECLINED = completion(message={"role": "assistant", "content": None, "refusal": "no"})


def settings_for(url: str) -> Settings:
    return Settings(base_url=url, model="m", tries=1, timeout=5.0)


def ask(
    path: Path,
    settings: Settings,
    *,
    times: int = 1,
    earlier: Sequence[Path] = (),
    failures: bool = True,
    check: Callable[[Items], str | None] | None = None,
) -> tuple[list[Answer[Items]], JournalEndpoint]:
    kept = Journal(path, earlier=earlier, failures=failures)
    endpoint = JournalEndpoint(settings, kept)

    async def all_of_them() -> list[Answer[Items]]:
        async with endpoint:
            one = (endpoint.ask(ASKED, Items, step="propose", encounter="e1", check=check) for _ in range(times))
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
    with Server(DECLINED, completion(GOOD)) as server:
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
    with Server(DECLINED, completion(GOOD)) as server:
        settings = settings_for(server.url)
        with pytest.raises(RefusedAnswer):
            ask(tmp_path / "failed", settings)
        first, _ = ask(tmp_path / "second", settings, earlier=[tmp_path / "failed"])
        again, _ = ask(tmp_path / "third", settings, earlier=[tmp_path / "second"])
    assert first == again


@pytest.mark.parametrize("order", [("good", "failed"), ("failed", "good")])
def test_the_answer_of_one_earlier_run_wins_over_the_failure_of_another(tmp_path: Path, order: Sequence[str]) -> None:
    with Server(DECLINED, completion(GOOD)) as server:
        settings = settings_for(server.url)
        with pytest.raises(RefusedAnswer):
            ask(tmp_path / "failed", settings)
        good, _ = ask(tmp_path / "good", settings)
        answers, _ = ask(tmp_path / "j", settings, earlier=[tmp_path / name for name in order])
    assert answers == good


def test_the_answer_of_an_earlier_run_wins_over_the_run_s_own_failure(tmp_path: Path) -> None:
    with Server(DECLINED, completion(GOOD)) as server:
        settings = settings_for(server.url)
        with pytest.raises(RefusedAnswer):
            ask(tmp_path / "j", settings)
        good, _ = ask(tmp_path / "good", settings)
        for failures in (True, False):
            answers, _ = ask(tmp_path / "j", settings, earlier=[tmp_path / "good"], failures=failures)
            assert answers == good


def test_the_last_answer_is_used_the_run_s_own_before_others(tmp_path: Path) -> None:
    with Server(completion(GOOD), completion({"items": []})) as server:
        settings = settings_for(server.url)
        some, _ = ask(tmp_path / "some", settings)
        none, _ = ask(tmp_path / "none", settings)
        assert ask(tmp_path / "j", settings, earlier=[tmp_path / "some", tmp_path / "none"])[0] == none
        assert ask(tmp_path / "some", settings, earlier=[tmp_path / "none"])[0] == some


def test_a_check_that_objects_to_what_was_kept_asks_anew(tmp_path: Path) -> None:
    with Server(completion(GOOD), completion({"items": []})) as server:
        settings = settings_for(server.url)
        ask(tmp_path / "j", settings)
        for _ in range(2):
            answers, _ = ask(tmp_path / "j", settings, check=no_items)
            assert answers[0].value.items == []


def test_what_was_asked_anew_and_failed_is_not_asked_a_third_time(tmp_path: Path) -> None:
    with Server(completion(GOOD), DECLINED) as server:
        settings = settings_for(server.url)
        ask(tmp_path / "j", settings)
        for _ in range(2):
            with pytest.raises(RefusedAnswer):
                ask(tmp_path / "j", settings, check=no_items)


def no_items(found: Items) -> str | None:
    return "there are items" if found.items else None


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
