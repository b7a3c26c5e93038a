"""The ranking against its own definition, worked out the slow way."""

from __future__ import annotations

import random

import pytest

from codesets import ranking
from codesets.ranking import Ranking, index


def slow(bags: list[str], asides: dict[int, str], nodes: list[int], query: list[str], k: int) -> list[float]:
    """The scores of the best k nodes by the definition, every term weighed."""
    postings = index(bags, asides)
    holders = {form: len(packed) // 4 for form, packed in postings.packed.items()}
    rarity = {form: ranking._rarity(holders.get(form, 0), len(bags)) for form in (*holders, *query)}
    asked = dict.fromkeys(query)
    whole = sum(rarity[form] for form in asked)
    best: dict[int, float] = {}
    for term, bag in enumerate(bags):
        both = sum(rarity[form] for form in asked if form in f"{bag} {asides.get(term, '')}".split())
        if both:
            unasked = max(0.0, sum(rarity[form] for form in bag.split()) - both)
            score = both / (whole + ranking.UNASKED * unasked)
            best[nodes[term]] = max(score, best.get(nodes[term], 0.0))
    return sorted(best.values(), reverse=True)[:k]


@pytest.mark.parametrize("long", [1, 10, 100_000])
def test_passing_over_terms_loses_none_of_the_best(long: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "_LONG", long)
    dice = random.Random(5)
    words = [f"w{number}" for number in range(30)]
    weights = [1 / (1 + number) for number in range(30)]
    bags = [" ".join(dict.fromkeys(dice.choices(words, weights, k=dice.randint(1, 6)))) for _ in range(400)]
    asides = {term: " ".join(dice.sample(words, 2)) for term in range(0, 400, 7)}
    nodes = [dice.randrange(120) for _ in bags]
    made = Ranking(index(bags, asides), nodes, [dice.randrange(3) for _ in bags])
    for _ in range(200):
        query = dice.choices(words, k=dice.randint(1, 8))
        k = dice.randint(1, 12)
        found = made.best(query, k)
        assert [score for score, _ in found] == pytest.approx(slow(bags, asides, nodes, query, k))
        assert len({nodes[term] for _, term in found}) == len(found)


def test_a_term_that_says_the_same_scores_1() -> None:
    made = Ranking(index(["heart failure", "failure", "heart attack"], {0: "congestive"}), [0, 1, 2], [0, 0, 0])
    assert made.best(["failure", "heart"], 1) == [(1.0, 0)]
    assert made.best(["congestive", "heart", "failure"], 1) == [(1.0, 0)]
    assert made.best([], 3) == []


def test_a_misspelt_word_is_read_as_the_nearest_known_one() -> None:
    made = Ranking(index(["pneumonia", "seizure", "bleeding", "breeding"], {}), [0, 1, 2, 3], [0] * 4)
    assert made.best(["pneumonai"], 1)[0][1] == 0
    assert made.best(["seizzure"], 1)[0][1] == 1
    assert made.best(["bpeeding"], 1) == []  # two are as near
    assert made.best(["xneumonia"], 1) == []  # another first letter
