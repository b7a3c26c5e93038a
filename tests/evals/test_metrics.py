"""Figures over many scores: by hand, against scikit-learn, and their intervals."""

from __future__ import annotations

import random
import time

import pytest

from agent.errors import InputError
from agent.records import Usage
from evals.bootstrap import Difference, Figure, interval, resamples
from evals.bootstrap import difference as paired
from evals.bootstrap import figure as summed
from evals.counts import Prf
from evals.losses import Loss
from evals.metrics import (
    MEASURES,
    Macro,
    difference,
    figure,
    losses,
    macro,
    macro_f1,
    micro,
    spend,
    steps_of,
)
from evals.score import STEPS, EvidenceScore, Score
from tests.evals.judging import counted

TWO = [counted("I10", "R05.9", name="a"), counted("E11.9", "", "I10 J18.9", name="b")]


def test_micro_counts_over_encounters() -> None:
    total = micro(TWO)
    assert total == Prf(2, 1, 2)
    assert (total.precision, total.recall) == (2 / 3, 1 / 2)
    assert total.f1 == pytest.approx(4 / 7)


def test_nothing_given_is_no_division_by_zero() -> None:
    assert micro([]) == Prf() and micro([]).f1 == 0.0
    assert micro([counted("", "", "I10")]).precision == 0.0
    assert figure([], "f1") is None
    assert figure([counted("", "", "I10")], "precision") is None
    assert macro([]) == Macro(0.0, 0.0, 0.0, 0) and macro_f1([]) is None


def test_macro_weighs_every_code_the_same() -> None:
    # I10: P 1, R 1/2, F1 2/3. E11.9: 1, 1, 1. R05.9: 0, 0, 0. J18.9: 0, 0, 0.
    assert macro(TWO) == pytest.approx((2 / 4, 1.5 / 4, (2 / 3 + 1) / 4, 4))
    found = macro_f1(TWO)
    assert found is not None and found.value == macro(TWO).f1 and found.of == 4


def test_means_over_encounters() -> None:
    three = [*TWO, counted("I10", name="c")]
    assert value(three, "exact_set") == pytest.approx(1 / 3)
    assert value(three, "jaccard") == pytest.approx((1 / 2 + 1 / 3 + 1) / 3)


def test_a_failed_encounter_stays_in_the_denominator() -> None:
    failed = counted("", "", "I10 E11.9", failure="why")
    assert micro([counted("J18.9"), failed]) == Prf(1, 0, 2)
    assert value([counted("J18.9"), failed], "exact_set") == 1 / 2


def test_evidence_is_a_mean_over_right_codes() -> None:
    judged = counted("I10 E11.9")._replace(evidence=(EvidenceScore("I10", 10, 10, 10), EvidenceScore("E11.9", 5, 5, 0)))
    assert value([judged, counted("J18.9")], "evidence_f1") == 1 / 2
    assert value([judged], "evidence_touched") == 1 / 2


def test_a_failed_encounter_misses_evidence_and_indicators_where_the_others_have_any() -> None:
    judged = counted("I10")._replace(
        evidence=(EvidenceScore("I10", 10, 10, 10),), poa=Prf(1), steps={"affirmed": Prf(1), "final": Prf(1)}
    )
    failed = counted("", "", "E11.9", failure="x")._replace(
        evidence=(EvidenceScore("E11.9", 0, 7, 0),), poa=Prf(missed=1), steps=dict.fromkeys(STEPS, Prf(missed=1))
    )
    for measure in ("evidence_f1", "evidence_touched", "poa"):
        assert value([judged, failed], measure) == 1 / 2
        assert value([failed], measure) == 0
        # A plain prompt gives codes alone: what it is never judged by, its failures do not bring in.
        assert figure([counted("I10"), failed], measure) is None
        assert difference([judged, failed], [counted("I10"), failed], measure) is None
    assert value([counted("I10"), failed], "recall") == 1 / 2


def test_steps_of_a_baseline_with_a_failed_encounter() -> None:
    failed = counted("", "", "I10", failure="x")._replace(steps=dict.fromkeys(STEPS, Prf(0, 0, 1)))
    assert steps_of([counted("I10"), failed]) == ("final",)
    staged = counted("I10")._replace(steps={"proposed": Prf(1, 3, 0), "final": Prf(1, 0, 0)})
    assert steps_of([staged]) == ("proposed", "final")
    assert value([staged, failed], "recall_proposed") == 1 / 2
    assert value([staged, failed], "precision_proposed") == 1 / 4


def test_lost_codes_are_listed_by_step_the_frequent_ones_first() -> None:
    one = counted("", "", "I10 R05.9", name="b")._replace(
        losses=(Loss("R05.9", "proposed", "x"), Loss("I10", "proposed", "y"))
    )
    two = counted("", "", "I10", name="a")._replace(losses=(Loss("I10", "final", "z"),))
    three = counted("", "", "I10", name="c")._replace(losses=(Loss("I10", "proposed", "y"),))
    found = losses([one, two, three])
    assert list(found) == ["proposed", "grounded", "offered", "final", "failed"]
    assert [(name, loss.code) for name, loss in found["proposed"]] == [("b", "I10"), ("c", "I10"), ("b", "R05.9")]
    assert found["final"] == (("a", Loss("I10", "final", "z")),) and found["offered"] == ()


def test_equal_to_scikit_learn_on_a_thousand_random_cases() -> None:
    from sklearn.metrics import accuracy_score, f1_score, jaccard_score, precision_score, recall_score

    chance = random.Random(11)
    names = [f"C{n:02}" for n in range(40)]
    # Common and rare codes, empty golds and empty reports, as real ones are.
    weights = [1 / (n + 1) for n in range(40)]
    golds, given = [], []
    for _ in range(1000):
        gold = set(chance.choices(names, weights, k=chance.choice((0, 1, 2, 4, 8))))
        kept = {code for code in gold if chance.random() < 0.6}
        golds.append(gold)
        given.append(kept | set(chance.choices(names, weights, k=chance.choice((0, 0, 1, 3)))))
    scores = [
        counted(" ".join(a & b), " ".join(b - a), " ".join(a - b), str(n))
        for n, (a, b) in enumerate(zip(golds, given, strict=True))
    ]
    seen = sorted(set().union(*golds, *given))
    truth, answer = ([[int(code in some) for code in seen] for some in sets] for sets in (golds, given))
    total, mean = micro(scores), macro(scores)
    mine = (total.precision, total.recall, total.f1, mean.precision, mean.recall, mean.f1)
    theirs = [
        judge(truth, answer, average=average, zero_division=0)
        for average in ("micro", "macro")
        for judge in (precision_score, recall_score, f1_score)
    ]
    assert mine == pytest.approx(theirs, abs=1e-12) and mean.codes == len(seen)
    assert value(scores, "exact_set") == pytest.approx(accuracy_score(truth, answer), abs=1e-12)
    jaccard = jaccard_score(truth, answer, average="samples", zero_division=1)
    assert value(scores, "jaccard") == pytest.approx(jaccard, abs=1e-12)
    assert 0.2 < total.f1 < 0.9 and 0 < value(scores, "exact_set") < 1


def test_the_interval_holds_the_figure_and_is_the_same_each_time() -> None:
    scores = [counted("I10"), counted("", "R05.9", "E11.9"), counted("J18.9", "", "I10")] * 5
    found = figure(scores, "f1")
    assert found is not None and found.low < found.value < found.high
    assert found.value == micro(scores).f1 and found == figure(scores, "f1")


def test_encounters_are_drawn_whole() -> None:
    # Ten codes of one encounter are one draw, not ten: with two encounters a draw is all right, all wrong or half.
    scores = [
        counted(" ".join(f"R{n}" for n in range(10)), name="a"),
        counted("", "", " ".join(f"R{n}" for n in range(10)), name="b"),
    ]
    found = figure(scores, "recall")
    assert found == Figure(0.5, 0.0, 1.0, 20)


def test_the_percentiles() -> None:
    assert interval([float(n) for n in range(1000)]) == (25.0, 974.0)
    assert interval([3.0]) == (3.0, 3.0)


def test_the_interval_is_that_of_the_theory() -> None:
    # A share of 0.5 over 400 encounters: the half width is about 1.96 * sqrt(0.25 / 400) = 0.049.
    found = summed([(n % 2, 1) for n in range(400)])
    assert found is not None
    assert (found.high - found.low) / 2 == pytest.approx(0.049, abs=0.006)


def test_a_thousand_draws_of_250_encounters_take_less_than_a_second() -> None:
    chance = random.Random(3)
    scores = [
        counted(*(" ".join(f"C{chance.randrange(900)}" for _ in range(4)) for _ in range(3)), name=str(n))
        for n in range(250)
    ]
    resamples.cache_clear()
    began = time.perf_counter()
    assert figure(scores, "f1") is not None
    assert time.perf_counter() - began < 1.0


def test_a_difference_is_paired() -> None:
    # Encounters differ much and the two runs hardly: unpaired intervals overlap, the paired one does not hold 0.
    before = [counted("A", "", "B" if n % 2 else "", str(n)) for n in range(40)]
    after = [counted("A B" if n % 8 == 1 else "A", "", "B" if n % 2 and n % 8 != 1 else "", str(n)) for n in range(40)]
    a, b = figure(before, "recall"), figure(after, "recall")
    gain = difference(before, after, "recall")
    assert a is not None and b is not None and gain is not None
    assert a.high > b.low
    assert gain.value == pytest.approx(45 / 60 - 40 / 60) and gain.certain and gain.low > 0
    same = difference(before, before, "recall")
    assert same == Difference(0.0, 0.0, 0.0) and not same.certain


def test_a_difference_is_over_the_same_encounters() -> None:
    with pytest.raises(InputError, match="'c' is in one of them alone"):
        difference(TWO, [*TWO, counted("I10", name="c")], "f1")
    with pytest.raises(InputError, match="another order"):
        difference(TWO, list(reversed(TWO)), "f1")
    with pytest.raises(ValueError, match="1 encounters against 2"):
        paired([(1, 1)], [(1, 1), (1, 1)])


def test_every_measure_can_be_asked_for_by_name() -> None:
    for name in MEASURES:
        found = figure(TWO, name, draws=10)
        assert found is None or found.low <= found.value <= found.high, name
    assert {f"recall_{step}" for step in STEPS} <= set(MEASURES)


def test_what_a_note_cost() -> None:
    scores = [
        counted("I10")._replace(usage=Usage(calls=calls, prompt_tokens=1_000_000, completion_tokens=500_000, seconds=s))
        for calls, s in ((1, 2.0), (2, 4.0), (9, 90.0))
    ]
    found = spend(scores, (1.0, 4.0))
    assert (found.usage.calls, found.median_calls, found.median_seconds, found.median_tokens) == (12, 2, 4.0, 1_500_000)
    assert found.usd == pytest.approx(9.0) and found.usd_a_note == pytest.approx(3.0)
    assert spend(scores).usd is None and spend(scores).usd_a_note is None
    assert spend([]).notes == 0


def value(scores: list[Score], measure: str) -> float:
    found = figure(scores, measure, draws=10)
    assert found is not None
    return found.value
