import unicodedata
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.fold import Fold
from agent.text import Page, Span, at_edge, clause_left, find, sentences

# Text that is likely to hold what folding changes.
ODD = st.text(
    st.one_of(
        st.sampled_from(
            list("aeB1 .,'-\n\r\t\0") + list("\xa0\xad\u200b\ufeff\u2019\u201c\u2013\u2022\u2026\ufb01ßİéœ\u0301🙂")
        ),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)


def folded(text: str) -> str:
    return Fold(text).folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("chest  \t pain", "chest pain"),
        ("chest\r\n    pain", "chest pain"),
        ("CHEST Pain", "chest pain"),
        ("Crohn\u2019s", "Crohn's"),
        ("\u201cpain\u201d", '"pain"'),
        ("pain \u2013 severe", "pain - severe"),
        ("pain -- severe", "pain \u2014 severe"),
        ("\ufb01brillation of\ufb01ce", "fibrillation office"),
        ("fœtal", "foetal"),
        ("pneu\xadmonia", "pneumonia"),
        ("pneu\u200bmo\0nia", "pneumonia"),
        ("chest\xa0pain", "chest pain"),
        ("Sjögren", "Sjo\u0308gren"),
        ("Sjögren", "Sjogren"),
        ("Straße", "STRASSE"),
        ("İleus", "ileus"),
        ("\u2022 HTN\n\u2022 DM", "HTN DM"),
        ("ＣＨＦ", "CHF"),
        ("hyper-\n  tension", "hyper-tension"),
    ],
)
def test_what_copying_changes_folds_alike(one: str, other: str) -> None:
    assert folded(one).strip() == folded(other).strip()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10\xb2", "102"),
        ("\xbd", "1/2"),
        ("2\xb75", "2 5"),
        ("\u25cf yes", "\u25cb yes"),
        ("\u2611 yes", "\u2610 yes"),
        ("s\u0304", "s"),
        ("c\u0304 pain", "c pain"),
        ("-2.5", "2.5"),
        ("pain?", "pain"),
    ],
)
def test_what_carries_meaning_does_not_fold_alike(one: str, other: str) -> None:
    assert folded(one).strip() != folded(other).strip()


def test_a_word_hyphenated_at_a_lines_end_is_found_joined_hyphenated_and_flattened() -> None:
    text = "Known hyper-\r\n  tension, follow-\nup in the clinic."
    for quote in ("hypertension", "hyper-tension", "HYPER- tension"):
        (span,) = Page(text).find(quote)
        assert text[slice(*span)].lower().startswith("hyper")
    assert text[slice(*Page(text).find("follow-up")[0])] == "follow-\nup"


def test_a_quotes_own_line_wrap_is_found() -> None:
    text = "Known hypertension."
    assert Page(text).find("hyper-\ntension") == (Span(6, 18),)


@given(ODD)
def test_the_map_is_monotone_and_covers_only_what_it_says(text: str) -> None:
    fold = Fold(text)
    last = 0
    for at in range(len(fold.folded)):
        span = fold.span(at, at + 1)
        if span is None:  # inside an odd piece
            continue
        assert 0 <= span.start < span.end <= len(text)
        assert span.start >= last
        last = span.start
        assert fold.at(span.start) <= at
    assert [fold.at(place) for place in range(len(text) + 1)] == sorted(
        fold.at(place) for place in range(len(text) + 1)
    )
    assert fold.at(len(text)) == len(fold.folded)


@given(ODD, st.data())
def test_whatever_span_is_given_folds_to_the_characters_asked_for(text: str, data: st.DataObject) -> None:
    fold = Fold(text)
    start = data.draw(st.integers(0, len(fold.folded)))
    end = data.draw(st.integers(start, len(fold.folded)))
    span = fold.span(start, end)
    if span is not None and text[slice(*span)].isascii():
        assert Fold(text[slice(*span)]).folded.strip() in (fold.folded[start:end].strip(), fold.folded[start:end])


@given(ODD, ODD, ODD)
def test_a_planted_quote_is_found_at_its_own_place(before: str, quote: str, after: str) -> None:
    quote = quote.strip()
    if not quote:
        assert find(before, quote) == ()
        return
    text = f"{before} | {quote} | {after}"
    place = len(before) + 3
    # The sides of the quote must be word edges: a mark upon the stroke before it would join on.
    if unicodedata.combining(quote[0]) or not at_edge(text, place) or not at_edge(text, place + len(quote)):
        return
    found = find(text, quote)
    assert all(text[slice(*span)] == quote for span in found)
    assert any(span.start <= place < span.end for span in found)


@given(ODD, ODD)
def test_folded_places_are_places_of_the_text(text: str, quote: str) -> None:
    for span in Page(text).find(quote):
        assert 0 <= span.start < span.end <= len(text)


@given(
    st.lists(st.sampled_from(["chest", "pain", "Left", "ﬁrst", "Sjögren", "5", "mg"]), min_size=2, max_size=8),
    st.data(),
)
def test_respaced_and_recased_words_are_found(words: list[str], data: st.DataObject) -> None:
    spaces = st.sampled_from([" ", "  ", "\n", "\r\n", "\xa0", "\t ", " \u200b"])
    cases = st.sampled_from([str.upper, str.lower, str.title, lambda word: unicodedata.normalize("NFD", word)])
    text = "".join(word + data.draw(spaces) for word in words) + "."
    quote = "".join(data.draw(cases)(word) + data.draw(spaces) for word in words)
    spans = Page("x " + text).find(quote)
    assert Span(2, 2 + len(text[:-1].rstrip("\u200b \n\r\t\xa0"))) in spans


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("PERRLA", "PE"),
        ("prediabetes", "diabetes"),
        ("uncontrolled hypertension", "controlled hypertension"),
        ("pre\xaddiabetes", "diabetes"),
        ("HbA1c 7.5", "HbA1c 7"),
        ("HbA1c 7.5", "5"),
        ("dose 1,500", "dose 1"),
        ("stage 3b", "stage 3"),
        ("BP 140/90", "140/9"),
        ("BP 140/90", "140"),
        ("appendicitis w/o abscess", "appendicitis w/"),
        ("appendicitis w/o abscess", "o abscess"),
        ("takes .5 mg", "5 mg"),
        ("at 10:30", "30"),
    ],
)
def test_no_quote_cuts_a_word_or_a_number(text: str, quote: str) -> None:
    assert find(text, quote) == ()
    assert Page(text).find(quote) == ()


def test_all_places_are_found_and_only_those_inside() -> None:
    text = "PE ruled in. PE treated. No PE."
    assert find(text, "PE") == (Span(0, 2), Span(13, 15), Span(28, 30))
    assert find(text, "PE", 1, 29) == (Span(13, 15),)
    assert Page(text).find("pe", 1, 30) == (Span(13, 15), Span(28, 30))


def test_punctuation_around_a_quote_gives_way_but_no_question_mark() -> None:
    text = "- Pneumonia, right"
    assert Page(text).find('"pneumonia."') == (Span(2, 11),)
    assert Page(text).find("\u2022 pneumonia") == (Span(2, 11),)
    assert Page(text).find("pneumonia?") == ()


@pytest.mark.parametrize("text", ["\ufeffHTN\r\n🙂 DM", "HTN\0 DM 🙂", "e\u0301 HTN \U0001f468\u200d\u2695\ufe0f DM"])
def test_marks_nul_and_emoji_keep_places_right(text: str) -> None:
    for quote in ("htn", "dm"):
        (span,) = Page(text).find(quote)
        assert text[slice(*span)].lower() == quote


def texts(text: str) -> list[str]:
    return [text[slice(*span)] for span in sentences(text)]


def test_sentences_end_at_stops_and_at_lines_that_the_writer_ended() -> None:
    assert texts("No fever. has cough\nHTN\n\n- one\n- two") == [
        "No fever. ",
        "has cough\n",
        "HTN\n\n",
        "- one\n",
        "- two",
    ]


def test_sentences_do_not_end_at_abbreviations_numbers_or_full_lines() -> None:
    wrapped = "The patient was seen for follow up of chronic pain and\nHypertension, on no treatment so far."
    for text in ("Seen by Dr. Lowe today.", "Takes 2.5 mg b.i.d. for pain.", "Pneumonia? vs CHF.", wrapped):
        assert texts(text) == [text]
    assert texts("He has hepatitis C. Denies pain.") == ["He has hepatitis C. ", "Denies pain."]


@given(ODD, st.integers(0, 70), st.integers(0, 70))
def test_sentences_cover_their_interval(text: str, start: int, end: int) -> None:
    start, end = min(start, len(text)), min(max(start, end), len(text))
    spans = sentences(text, start, end)
    assert "".join(text[slice(*span)] for span in spans) == text[start:end]
    assert all(span.start < span.end for span in spans)


@pytest.mark.parametrize(
    ("text", "quote", "left"),
    [
        ("Cough. There is no evidence of pneumonia.", "pneumonia", "There is no evidence of "),
        ("No fever but cough", "cough", " "),
        ("Denies: chest pain", "chest pain", "Denies: "),
        ("HTN\nDM", "DM", ""),
    ],
)
def test_clause_left_reaches_to_the_last_sentence_or_turn(text: str, quote: str, left: str) -> None:
    assert text[slice(*clause_left(text, text.index(quote)))] == left


@pytest.mark.parametrize("piece", ["a", ".", " ", "\n", "a\n", ". ", "-\n", "a-\n", "\xad", "e\u0301", "1,"])
def test_long_runs_take_time_in_proportion(piece: str) -> None:
    text = piece * 60_000
    begun = perf_counter()
    Page(text).find("pneumonia of the lung")
    sentences(text)
    clause_left(text, len(text))
    # In proportion it takes about a second on a slow machine; in its square, minutes.
    assert perf_counter() - begun < 20
