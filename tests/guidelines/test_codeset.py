"""Code sets: every way in which a note names codes, what each set holds, and what is given back unread."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.codebook import CodeBook
from agent.rules import codeset
from agent.rules.codeset import CodeSet, Filter, Place, Span, read_codes


def read(text: str) -> CodeSet:
    codes, unread = read_codes(text)
    assert codes is not None and not unread, f"{text}: {unread}"
    return codes


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("cholera (A00.9)", "(A00.9)"),
        ("gestational diabetes (O24.4-)", "(O24.4)"),
        ("multiple sclerosis (G35-)", "(G35)"),
        ("cellulitis [L03.-]", "(L03)"),
        ("tuberculosis (A15-A19)", "(A15-A19)"),
        ("melanoma of genital skin (C51-C52, C60.-, C63.-)", "(C51-C52, C60, C63)"),
        ("canal (C43.2-,C44.2-)", "(C43.2, C44.2)"),
        ("airway infections (J00-J06; J20-J22)", "(J00-J06, J20-J22)"),
        ("hemorrhage (I60.-. I61.-, I62.-)", "(I60, I61, I62)"),
        ("adverse effects (A00-R94 and T80-T88.6, T88.8)", "(A00-R94, T80-T88.6, T88.8)"),
        ("with abscess (K50.014, K50.114,)", "(K50.014, K50.114)"),
        ("meconium passage (P03.82 )", "(P03.82)"),
        ("effusion (J91.0))", "(J91.0)"),
        ("electrolytes (E87.8}", "(E87.8)"),
        ("explantation (Z89.52-", "(Z89.52)"),
        ("BMI for adults (Z68.1-Z68.45) or pediatrics (Z68.5-)", "(Z68.1-Z68.45, Z68.5)"),
        ("incontinence (N39.3-N39.4-)", "(N39.3-N39.4)"),
        ("atherosclerosis (I70.2--I70.7-)", "(I70.2-I70.7)"),
        ("neck fracture (S12.0--S12.6.-)", "(S12.0-S12.6)"),
        ("eating disorders (F98.2.-F98.3)", "(F98.2-F98.3)"),
        ("rheumatic heart (I01.0 -I01.9)", "(I01.0-I01.9)"),
        ("syndactyly (Q70.0- -Q70.3-)", "(Q70.0-Q70.3)"),
        ("head injury (S00 - S09)", "(S00-S09)"),
        ("by site (M05.00 to M05.8A)", "(M05.00-M05.8A)"),
        ("gene variants (QA0.01-)", "(QA0.01)"),
        ("conditions classified to A74.-", "(A74)"),
        ("infections classified to A00-B99", "(A00-B99)"),
        ("hearing loss as classified in H90.-", "(H90)"),
        ("code from category O08 to identify any complication", "(O08)"),
        ("code from category T31 or T32 to identify extent", "(T31, T32)"),
        ("code(s) from F11-F16 and F18-F19 to identify", "(F11-F16, F18-F19)"),
        ("classified in S06.1- to S06.6-, and S06.81- to S06.89-, code to", "(S06.1-S06.6, S06.81-S06.89)"),
        ("classifiable to S06.0- to S06.8-code to specified injury", "(S06.0-S06.8)"),
        ("local infections classified in Chapter 1", "(A00-B99)"),
        ("code (Chapter 20) to identify cause or status (Z97.2)", "(V00-Y99, Z97.2)"),
        ("gangrene (E08-E13 with .52)", "(E08-E13 with .52)"),
        ("angiopathy (E08-E13 with .51-.52)", "(E08-E13 with .51, .52)"),
        ("skin (E08-E13 with .62-)", "(E08-E13 with .62)"),
        ("dementia (F10-F19, with .17, .27, .97)", "(F10-F19 with .17, .27, .97)"),
        ("drugs (F11-F19 with .15. .25, .95)", "(F11-F19 with .15, .25, .95)"),
        ("hyperosmolarity (E08, E11 with final characters .00 or .01)", "(E08, E11 with .00, .01)"),
        ("poison (T36 with fifth or sixth character 1-4 or 6)", "(T36 with fifth or sixth character 1, 2, 3, 4, 6)"),
        ("drug (T36-T50 with fifth or six character 5)", "(T36-T50 with fifth or sixth character 5)"),
        ("underdosing (T36-T50) with fifth or sixth character 6", "(T36-T50 with fifth or sixth character 6)"),
        ("(T51 with fifth or sixth character to indicate intent)", "(T51 with fifth or sixth character 1, 2, 3, 4)"),
        ("salicylates (T39.0-, with sixth character 1-4)", "(T39.0 with sixth character 1, 2, 3, 4)"),
        ("collision (V01-V09 with 5th character 9)", "(V01-V09 with fifth character 9)"),
        ("whooping cough (A37 with fifth-character 1)", "(A37 with fifth character 1)"),
        ("amnestic syndrome (F10-F19 with 5th character .6)", "(F10-F19 with fifth character 6)"),
        ("hallucinations (F11-F19 with fifth to sixth characters 51)", "(F11-F19 with fifth character 51)"),
        ("open fracture (S42.- with 7th character B or C)", "(S42 with seventh character B, C)"),
        ("open fracture (S92.-with 7th character B)", "(S92 with seventh character B)"),
        ("sequela (S06.0X- with seventh character S)", "(S06.0X with seventh character S)"),
        ("open (S52.- with open fracture 7th character)", "(S52 with seventh character B, C, E, F, H, J, M, N, Q, R)"),
        ("ataxia following stroke (I69. with final characters -93)", "(I69 with final character 93)"),
        ("underdosing (T36-T50 with final character 6)", "(T36-T50 with final character 6)"),
        ("leukemia in remission C91.0-C95.9 with 5th character 1", "(C91.0-C95.9 with fifth character 1)"),
        ("acidosis - see categories E08-E10, E11, E13 with ketoacidosis", "(E08-E10, E11, E13 with .1)"),
        ("vitamin B12 deficiency anemia (D51.-)", "(D51)"),
        ("influenza A/H1N1 (J10.-)", "(J10)"),
    ],
)  # fmt: skip
def test_every_form_is_read(text: str, named: str) -> None:
    assert str(read(text)) == named


def test_a_list_that_is_misprinted_as_ranges_is_mended() -> None:
    printed = "cognitive deficits (I69.01-I69.11-, I69.21-I69.31-, I69.81- I69.91-)"
    assert str(read(printed)) == "(I69.01, I69.11, I69.21, I69.31, I69.81, I69.91)"


@pytest.mark.parametrize(
    "text",
    [
        "somatoform disorder",
        "deficiency of G6PD in CD30-positive cells of vitamin B12 and H1N1",
        "type 4 or type 5 myocardial infarction",
        "suspected fetal condition - code to condition in Chapter 15",
        "code, if applicable, for codes G31.0-G31.83, G31.85-G31.9, to identify:",
    ],
)
def test_words_without_named_codes_are_kept_as_words(text: str) -> None:
    assert read_codes(text) == (None, "")


def test_codes_among_the_words_describe_where_others_stand_in_parentheses() -> None:
    assert str(read("pneumoconiosis with tuberculosis, any type in A15 (J65)")) == "(J65)"


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("diabetes (E08-E13 with gangrene)", "E08-E13 with gangrene"),
        ("diabetes (E08-E13 with seventh or ninth character 4)", "E08-E13 with seventh or ninth character 4"),
        ("diabetes (E08-E13 with sixth or seventh character 4)", "E08-E13 with sixth or seventh character 4"),
        ("diabetes (E08-E13 with fifth character 5-2)", "E08-E13 with fifth character 5-2"),
        ("underdosing (T36-T50) with last known character 6", "T36-T50 with last known character 6"),
        ("infections (A00-B99 except A15)", "A00-B99 except A15"),
        ("anything (not A15)", "not A15"),
        ("tuberculosis (A19-A15)", "A19-A15"),
        ("see categories E08-E13 with gangrene", "E08-E13 with gangrene"),
        ("any condition other than A15", "A15"),
    ],
)
def test_what_cannot_be_read_is_given_back_and_names_nothing(text: str, unread: str) -> None:
    assert read_codes(text) == (None, unread)


def test_what_can_be_read_beside_it_is_kept() -> None:
    codes, unread = read_codes("adults (Z68.1-Z68.45) or others (Z68.5- if known)")
    assert (str(codes), unread) == ("(Z68.1-Z68.45)", "Z68.5- if known")


@pytest.mark.parametrize(
    ("text", "held", "not_held"),
    [
        ("(O24.4-)", "O24.4 O24.410 o24410 O24.4-", "O24 O24.3 O24.9"),
        ("(A00-B99)", "A00 B99.9 B20 A00-A09 1", "C00 C00-C96 2"),
        ("(S00-T88)", "S00 T88.9XXA S06.0X1A S00-S09 19", "V00 T89 20"),
        ("(T80-T88.6)", "T80 T88.6XXA", "T88 T88.7XXA T88.7"),
        ("(Z68.1-Z68.45)", "Z68.1 Z68.25 Z68.45", "Z68 Z68.4 Z68.51"),
        ("(C43-C44)", "C43 C4A C4A.9 C44", "C45 C49 C7A"),
        ("(C45-C49)", "C45 C49", "C4A C44"),
        ("(C00-C75)", "C50.911 C4A.9 C75", "C7A C7B C76"),
        ("(C00-C80)", "C50.911 C7A.00 C7B C76", "C81"),
        ("(C76-C80)", "C76 C79.9", "C7A C7B"),
        ("(D37-D48)", "D37 D48.9", "D3A D36"),
        ("(M05-M14)", "M1A M1A.0 M10 M05", "M15 M04"),
        ("(Z30-Z39)", "Z3A.40 Z39 Z30", "Z40"),
        ("(T50.0-T50.9)", "T50.A15A T50.Z91A T50.905A", "T51"),
        ("(S06.0X-)", "S06.0X S06.0X1A", "S06.0 S06.1X1A"),
        ("(E08-E13 with .52)", "E11.52 e1152", "E11 E11.5 E11.51 E14.52 E08-E13"),
        ("(B27.- with fifth character 2)", "B27.02 B27.92", "B27.20 B27.0 B27.01"),
        ("(F11-F19 with fifth to sixth characters 51)", "F11.151", "F11.15 F11.150 F11.51"),
        ("(S52.- with open fracture 7th character)", "S52.501B S52.501N", "S52.501A S52.501 S52"),
        ("(I69. with final characters -23)", "I69.023 I69.923", "I69.02 I69.230 I69.2 I68.123"),
    ],
)
def test_what_a_set_holds(text: str, held: str, not_held: str) -> None:
    codes = read(text)
    assert [code for code in held.split() if not codes.holds(code)] == []
    assert [code for code in not_held.split() if codes.holds(code)] == []


@pytest.mark.parametrize("code", ["T36.0X5A", "T36.95XA", "T40.415A", "T50.A15S", "T38.0X5D"])
def test_the_intent_of_a_poisoning_is_its_sixth_character_or_the_fifth_before_a_filler(code: str) -> None:
    assert read("(T36-T50 with fifth or sixth character 5)").holds(code)
    assert not read("(T36-T50 with fifth or sixth character 1-4)").holds(code)
    assert not read("(T36-T50 with fifth or sixth character 5)").holds(code[:5])


@pytest.mark.parametrize("code", ["T36.0X6A", "T36.96XA", "T40.416S"])
def test_the_final_character_is_the_last_before_filler_and_seventh(code: str) -> None:
    assert read("(T36-T50 with final character 6)").holds(code)
    assert not read("(T36-T50 with final character A)").holds(code)
    assert not read("(T36-T50 with final character 6)").holds("T40.6")


def test_every_drug_code_has_one_intent(codebook: CodeBook) -> None:
    intents = [read(f"(T36-T50 with fifth or sixth character {intent})") for intent in range(1, 7)]
    codes = [code.code for code in codebook.codes() if code.billable and "T36" <= code.code < "T51"]
    assert len(codes) > 3_000
    assert [code for code in codes if sum(intent.holds(code) for intent in intents) != 1] == []


def test_a_set_over_more_than_one_chapter_is_wide() -> None:
    assert read("(A00-R94)").wide
    assert not read("(A00-B99, C00-D49, S00-T88, V00-Y99)").wide


# -- the order of the tabular list -------------------------------------------------------------------------------------


def test_codes_out_of_order_are_those_of_the_edition(codebook: CodeBook) -> None:
    """If an edition changes this, order.tsv must be these rows, its codes with their dots."""
    siblings: dict[str, list[str]] = {}
    for code in codebook.codes():
        if code.kind not in ("chapter", "block") and not code.seventh:
            plain = code.code.replace(".", "")
            siblings.setdefault(plain[:-1], []).append(plain)
    expected = {}
    for codes in siblings.values():
        after = " "
        for place, code in enumerate(codes):
            if code[-1].isdigit():
                after = code[-1]
            elif any(later < code for later in codes[place + 1 :]):
                expected[code] = after
    assert codeset._out_of_order() == expected


def test_codes_sort_as_the_tabular_list_has_them(codebook: CodeBook) -> None:
    """The special codes of U stand behind Z in the list, and before V by letter; no note has a range over them."""
    codes = [code.code for code in codebook.codes() if code.kind not in ("chapter", "block") and code.code[0] != "U"]
    keys = {code: codeset._key(code.replace(".", "")) for code in codes}
    assert [(one, other) for one, other in pairwise(codes) if keys[one] >= keys[other]] == []


def test_the_chapters_are_those_of_the_edition(codebook: CodeBook) -> None:
    titles = {code.code: code.title for code in codebook.codes() if code.kind == "chapter"}
    assert {number: f"({first}-{last})" for number, (first, last) in codeset._chapters().items()} == {
        number: title[title.rindex("(") :] for number, title in titles.items()
    }


# -- properties --------------------------------------------------------------------------------------------------------

ALPHABET = "0123456789ABCXZ"
CODES = st.from_regex(r"\A[A-Z][0-9][0-9AB][0-9ABXZ]{0,4}\Z")


def filters() -> st.SearchStrategy[Filter | None]:
    def of(place: Place, most: int) -> st.SearchStrategy[Filter]:
        values = st.lists(st.text(ALPHABET, min_size=1, max_size=most), min_size=1, max_size=4)
        return values.map(lambda some: Filter(place, tuple(some)))

    most = {Place.AFTER_DOT: 4, Place.FIFTH_OR_SIXTH: 1}
    return st.none() | st.sampled_from(Place).flatmap(lambda place: of(place, most.get(place, 2)))


@st.composite
def code_sets(draw: st.DrawFn) -> CodeSet:
    spans = []
    for _ in range(draw(st.integers(1, 4))):
        first, last = sorted((draw(CODES), draw(CODES)), key=codeset._key)
        spans.append(Span(first, last if draw(st.booleans()) else first, draw(filters())))
    return CodeSet(tuple(spans))


@given(code_sets())
def test_a_set_is_read_as_it_was_written(codes: CodeSet) -> None:
    assert read_codes(f"some condition, if known {codes}") == (codes, "")


@given(CODES, CODES, CODES)
def test_a_span_holds_its_ends_and_what_stands_below(one: str, other: str, tail: str) -> None:
    first, last = sorted((one, other), key=codeset._key)
    codes = CodeSet((Span(first, last),))
    assert codes.holds(first) or last.startswith(first)
    for end in (last, last + tail, first + tail):
        assert codes.holds(end) or (end.startswith(first) and last.startswith(first))


@given(code_sets(), CODES, st.text(ALPHABET, max_size=2))
def test_what_holds_a_header_holds_all_below_it(codes: CodeSet, code: str, tail: str) -> None:
    if codes.holds(code):
        assert codes.holds(code + tail)


@given(st.text(alphabet="ABTZ0195.-,;()[] withorcae", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    codes, unread = read_codes(text)
    assert codes is None or codes.spans
    assert isinstance(unread, str)
