"""The order into which a claim is put: what a coder makes of codes in a wrong order, and that none is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.claim import Claim, ClaimCode
from agent.codebook import CodeBook
from agent.records import Severity
from agent.rules.orders import ORDERS, Before, Order
from agent.rules.sequence import in_order
from agent.rules.sheet import Sheet
from tests.guidelines.cases import RuleCase, read_claim_case

WRONG_AND_RIGHT = (
    ("etiology and manifestation", "outpatient | F02.80 G30.1", "G30.1 F02.80"),
    ("etiology and manifestation, something else between", "outpatient | H42 I10 E11.39", "E11.39 H42 I10"),
    ("ulcer of diabetes", "outpatient | L97.411 E11.621 I10", "E11.621 L97.411 I10"),
    ("stage before hypertension", "outpatient | N18.4 I12.9", "I12.9 N18.4"),
    ("both before hypertension", "inpatient | N18.32/Y I50.33/Y I13.0/Y", "I13.0 N18.32 I50.33"),
    ("stage, diabetes and hypertension", "outpatient | N18.4 E78.5 I12.9 E11.22", "I12.9 E11.22 N18.4 E78.5"),
    ("chapter 15", "inpatient | D62/N O72.1/N Z37.0", "O72.1 D62 Z37.0"),
    ("chapter 15 and its hypertension", "outpatient | I10 Z3A.28 O10.013", "O10.013 I10 Z3A.28"),
    ("sepsis at admission", "inpatient | J18.9/Y A41.9/Y R65.20/Y", "A41.9 J18.9 R65.20"),
    ("sepsis that came later", "inpatient | A41.9/N R65.20/N J18.9/Y", "J18.9 A41.9 R65.20"),
    (
        "severity before a sepsis of a known organism",
        "inpatient | R65.21/Y I10/Y A41.51/Y N39.0/Y",
        "A41.51 R65.21 I10 N39.0",
    ),
    ("sepsis after a procedure", "inpatient | A41.01/Y T81.44XA/Y", "T81.44XA A41.01"),
    ("COVID-19", "inpatient | J12.82/Y J96.01/Y U07.1/Y", "U07.1 J12.82 J96.01"),
    ("poisoning", "inpatient | R40.20/Y J96.01/Y T40.2X1A/Y F11.20/Y", "T40.2X1A R40.20 J96.01 F11.20"),
    ("toxic effect", "inpatient | J96.01/Y T58.01XA/Y", "T58.01XA J96.01"),
    ("adverse effect", "outpatient | T36.0X5A L27.0", "L27.0 T36.0X5A"),
    ("adverse effect with a note of its own", "inpatient | T45.515A/Y I48.20/Y D68.32/Y", "D68.32 T45.515A I48.20"),
    ("underdosing", "outpatient | T38.3X6A E11.65 Z91.120", "E11.65 T38.3X6A Z91.120"),
    ("burns", "inpatient | T23.251A/Y T31.0/Y T21.31XA/Y X10.2XXA/Y", "T21.31XA T23.251A T31.0 X10.2XXA"),
    ("external causes", "outpatient | W01.0XXA Y92.010 S52.501A S00.83XA", "S52.501A S00.83XA W01.0XXA Y92.010"),
    ("external causes before a history", "outpatient | S52.501A W19.XXXA Z79.01", "S52.501A Z79.01 W19.XXXA"),
    ("examination", "outpatient | I10 E78.5 Z00.00", "Z00.00 I10 E78.5"),
    ("chemotherapy", "outpatient | C34.11 D64.81 T45.1X5A Z51.11", "Z51.11 C34.11 D64.81 T45.1X5A"),
    ("newborn", "inpatient | P59.9/N Z38.00", "Z38.00 P59.9"),
    ("sequela", "outpatient | S52.501S M19.131 I10", "M19.131 S52.501S I10"),
    ("sequela behind a chronic disease", "outpatient | I10 T23.301S L90.5", "I10 L90.5 T23.301S"),
    ("dementia after an old injury", "outpatient | F02.80 S06.2X9S", "S06.2X9S F02.80"),
    ("insulin", "outpatient | Z79.4 E11.9", "E11.9 Z79.4"),
    ("insulin before another disease", "outpatient | Z79.4 I10 E11.9", "I10 E11.9 Z79.4"),
    ("organism", "inpatient | B96.20/Y I10/Y N39.0/Y", "N39.0 B96.20 I10"),
    ("body mass", "outpatient | Z68.41 E66.01", "E66.01 Z68.41"),
    ("a history at the head of a stay", "inpatient | Z85.3 J18.9/Y I10/Y", "J18.9 Z85.3 I10"),
    ("a symptom at the head of a stay", "inpatient | R07.9/Y I10/Y I21.4/Y", "I21.4 R07.9 I10"),
    ("stroke scale", "inpatient | R29.705/Y I63.9/Y", "I63.9 R29.705"),
    ("maltreatment", "outpatient | S00.83XA T74.12XA Y07.11", "T74.12XA S00.83XA Y07.11"),
)
RIGHT = (
    "outpatient | E11.22 I12.9 N18.32 Z79.4",
    "outpatient | I10 E78.5 E11.9 Z79.84 Z87.891",
    "inpatient | I50.22/Y E11.9/Y N18.4/Y",
    "outpatient | R07.9 I10 E11.9",
    "inpatient | T45.511A/Y D68.32/Y",
    "outpatient | G93.1 T40.2X1S",
    "outpatient | C50.911 Z17.0 Z79.811",
    "outpatient | Z39.2 O90.89",
    "inpatient | J18.9/Y A41.9/N R65.20/N",
    "outpatient | Z79.899",
    "inpatient | W19.XXXA",
)
POOL = (
    "A41.9 A41.51 J18.9 N39.0 B96.20 R65.20 R65.21 T81.44XA U07.1 J12.82 J96.01 J80 D62 O72.1 O80 Z37.0 Z3A.28 O10.013 "
    "O24.410 Z34.02 Z33.1 P59.9 Z38.00 E11.9 E11.22 E11.621 L97.411 L89.150 Z79.4 Z79.84 Z17.0 Z79.811 C50.911 D63.0 "
    "D63.1 N18.4 N18.6 I10 I12.9 I13.0 I11.0 I50.22 I50.33 F02.80 G30.1 S06.2X9S S06.0X0A F07.81 T40.2X1A T40.2X1S "
    "T36.0X5A T38.3X6A L27.0 T58.01XA T51.0X2A F10.229 D68.32 T45.515A T45.511A T45.1X5A D64.81 Z51.11 Z51.5 Z00.00 "
    "Z91.120 T23.251A T21.31XA T21.31XS T23.301S T23.401A T54.2X1A L90.5 M19.131 S52.501S S52.501A W19.XXXA Y92.010 "
    "V43.52XS X10.2XXA T31.0 T74.12XS T74.12XA F43.12 S00.83XA R07.9 R41.82 G93.41 I21.4 I63.9 R29.705 Z68.41 E66.01 "
    "Z85.3 Z87.891 T86.19 C80.2 K72.00 H42 E08.39 G46.0 I95.2 Z16.12 E11.2 XYZ n184 A41.9"
).split()


def ordered(line: str, codebook: CodeBook) -> tuple[str, ...]:
    """What comes of a claim in the form of the cases."""
    return in_order(Sheet(read_claim_case(RuleCase("in_order", True, line, line)), codebook))


def again(codes: tuple[str, ...], claim: Claim, codebook: CodeBook) -> tuple[str, ...]:
    """What comes of the codes of a claim in another order, each with the indicator that it had first."""
    poa = {entry.code: entry.poa for entry in reversed(Sheet(claim, codebook).whole)}
    listed = tuple(ClaimCode(code=code, poa=poa[code]) for code in codes)
    return in_order(Sheet(claim.model_copy(update={"codes": listed}), codebook))


@pytest.mark.parametrize(
    ("wrong", "right"), [case[1:] for case in WRONG_AND_RIGHT], ids=[c[0] for c in WRONG_AND_RIGHT]
)
def test_codes_are_put_in_order(wrong: str, right: str, codebook: CodeBook) -> None:
    assert " ".join(ordered(wrong, codebook)) == right


@pytest.mark.parametrize(
    ("wrong", "right"), [case[1:] for case in WRONG_AND_RIGHT], ids=[c[0] for c in WRONG_AND_RIGHT]
)
def test_what_is_in_order_stays(wrong: str, right: str, codebook: CodeBook) -> None:
    claim = read_claim_case(RuleCase("in_order", True, wrong, wrong))
    assert again(tuple(right.split()), claim, codebook) == tuple(right.split())


@pytest.mark.parametrize("line", RIGHT)
def test_a_right_claim_is_left_alone(line: str, codebook: CodeBook) -> None:
    assert list(ordered(line, codebook)) == [code.split("/")[0] for code in line.partition("|")[2].split()]


def test_what_is_no_whole_code_has_no_place(codebook: CodeBook) -> None:
    assert ordered("outpatient | E11.2 n184 XYZ I129 N18.4", codebook) == ("I12.9", "N18.4")
    assert ordered("outpatient | (none)", codebook) == ()


def test_a_code_that_is_never_first_is_first_where_there_is_no_other(codebook: CodeBook) -> None:
    assert ordered("inpatient | Z85.3 Z79.4", codebook) == ("Z85.3", "Z79.4")
    assert ordered("outpatient | W19.XXXA Y92.010", codebook) == ("W19.XXXA", "Y92.010")


def circle(*codes: str) -> Order:
    """A sequencing rule that asks for each of its codes before the next, and for the last before the first."""

    def pairs(sheet: Sheet) -> Iterator[Before]:
        there = {entry.code: entry for entry in sheet.whole}
        for one, other in zip(codes, (*codes[1:], codes[0]), strict=True):
            if one in there and other in there:
                yield Before(there[one], there[other], "I.A.13", "the rule says so")

    return Order("circle", "I.A.13", "Codes go round.", "none", Severity.ERROR, pairs)


@pytest.mark.parametrize("codes", [("I10", "E78.5"), ("I10", "E78.5", "K21.9"), ("N18.4", "I12.9", "E11.22", "Z79.4")])
def test_rules_that_go_round_lose_nothing(
    codes: tuple[str, ...], codebook: CodeBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.rules.sequence.ORDERS", (circle(*codes), *ORDERS))
    found = {ordered("outpatient | " + " ".join(one), codebook) for one in (codes, codes[::-1])}
    for one in found:
        assert sorted(one) == sorted(codes)
        assert ordered("outpatient | " + " ".join(one), codebook) == one


def test_the_weaker_rule_gives_way(codebook: CodeBook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.rules.sequence.ORDERS", (*ORDERS, circle("N18.4", "I12.9")))
    assert ordered("outpatient | N18.4 I12.9", codebook) == ("I12.9", "N18.4")


claims = st.builds(
    lambda setting, codes: Claim(setting=setting, codes=tuple(ClaimCode(code=code, poa=poa) for code, poa in codes)),
    st.sampled_from(["inpatient", "outpatient", None]),
    st.lists(st.tuples(st.sampled_from(POOL), st.sampled_from([None, "Y", "N", "U"])), max_size=12),
)


@given(claim=claims)
@settings(max_examples=400, deadline=None)
def test_every_whole_code_has_one_place_and_keeps_it(claim: Claim, codebook: CodeBook) -> None:
    sheet = Sheet(claim, codebook)
    first = in_order(sheet)
    assert sorted(first) == sorted(entry.code for entry in sheet.whole)
    assert again(first, claim, codebook) == first
