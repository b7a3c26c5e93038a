import os
from pathlib import Path

import pytest

from agent.config import Settings
from agent.errors import NoteError
from agent.intake import ENGLISH, check_document, check_language, foreign_language, read_document
from agent.records import Document

NOTE = "Patient seen for follow up of hypertension. Blood pressure is well controlled on lisinopril.\n"
SETTINGS = Settings(cache=Path("unused"), max_note_bytes=10_000)


def message(source: bytes | str | Path) -> str:
    with pytest.raises(NoteError) as caught:
        read_document(source, "visit7", SETTINGS)
    text = str(caught.value)
    assert caught.value.document == "visit7"
    assert "\n" not in text and text.split(" ", 1)[1]
    return text


@pytest.mark.parametrize(
    "text",
    [NOTE, NOTE.replace("\n", "\r\n"), "\ufeff" + NOTE, "HTN\0stable 🙂\n", "Sjo\u0308gren\n", "HTN", "x" * 10_000],
)
def test_text_is_kept_code_point_by_code_point(text: str) -> None:
    assert read_document(text.encode(), "visit7", SETTINGS) == Document(id="visit7", text=text)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_byte_order_mark_says_how_to_read_and_stays(codec: str) -> None:
    assert read_document(("\ufeff" + NOTE).encode(codec), "visit7", SETTINGS).text == "\ufeff" + NOTE


@pytest.mark.parametrize("data", [b"", b" \r\n\t", "\ufeff \u200b\n".encode(), b"\0\0\0", "\xa0".encode()])
def test_an_empty_note_is_refused(data: bytes) -> None:
    assert "is empty" in message(data)


def test_a_wrong_byte_is_named_with_its_place() -> None:
    data = b"Seen for M\xe9ni\xe8re disease."
    text = message(data)
    assert "byte 0xE9 at offset 10 (line 1) would be 'é' in Windows-1252" in text
    assert "iconv" in text
    assert "offset 14 (line 2)" in message(b"Seen today.\n  \x81 again")
    assert "mark of that encoding" in message(b"\xff\xfeA\x00\x00\xd8B\x00")


@pytest.mark.parametrize(
    ("data", "mend"),
    [
        (b"%PDF-1.7 rest", "export its text"),
        (b"PK\x03\x04rest", "plain text"),
        (b"{\\rtf1 rest}", "plain text"),
        (b"\x89PNG\r\n", "text recognition"),
        (bytes(range(256)) * 4, "plain text"),
        (bytes(range(32)) * 4, "plain text"),
        (NOTE.encode("utf-16-le"), "UTF-16 without a byte order mark"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, mend: str) -> None:
    assert mend in message(data)


def test_a_note_that_is_too_long_is_refused_before_it_is_read(tmp_path: Path) -> None:
    assert "10,001 bytes" in message(b"x" * 10_001)
    path = tmp_path / "long.txt"
    with path.open("wb") as file:
        file.truncate(6_000_000_000)
    text = message(path)
    assert "6,000,000,000 bytes" in text and "CHARTPROOF_MAX_NOTE_BYTES" in text
    with pytest.raises(NoteError, match="longer"):
        check_document(Document(id="visit7", text="é" * 5_001), SETTINGS)


def test_files_are_read_and_their_troubles_told(tmp_path: Path) -> None:
    path = tmp_path / "visit7.txt"
    path.write_bytes(NOTE.encode())
    assert read_document(path, "visit7", SETTINGS).text == NOTE
    assert read_document(str(path), "visit7").text == NOTE
    assert "is not there" in message(tmp_path / "none.txt")
    assert "is a folder" in message(tmp_path)
    assert "can't be read" in message("a\0b")
    loop = tmp_path / "loop"
    os.symlink(loop, loop)
    assert "can't be read" in message(loop)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(NoteError, match=r"U\+D83D\) at character 5"):
        check_document(Document(id="visit7", text="Pain \ud83d today"), SETTINGS)


FOREIGN = {
    "Spanish": "Paciente de 54 años que acude a urgencias por dolor en el pecho desde hace dos días, sin fiebre.",
    "French": "Le patient est venu pour une douleur dans la poitrine depuis deux jours, sans fièvre ni toux.",
    "German": "Der Patient wurde wegen Brustschmerzen vorgestellt und hat seit zwei Tagen kein Fieber, aber Husten.",
    "Portuguese": "Paciente com dor no peito há dois dias, sem febre, não refere tosse e foi medicado em casa.",
    "Italian": "Il paziente si presenta per un dolore al petto da due giorni, non ha febbre ma è stato a riposo.",
    "Dutch": "De patiënt heeft sinds twee dagen pijn op de borst en geen koorts, maar hij hoest wel veel.",
    "a language that is not written in Latin letters": "Пациент жалуется на боль в груди два дня, без температуры.",
}


@pytest.mark.parametrize("language", FOREIGN)
def test_a_note_in_another_language_is_refused(language: str) -> None:
    assert foreign_language(FOREIGN[language]) == language
    document = Document(id="visit7", text=FOREIGN[language])
    with pytest.raises(NoteError, match=f"visit7 reads as {language}.*translation"):
        check_language(document, {ENGLISH})
    assert check_language(document, {ENGLISH, language}) == language


@pytest.mark.parametrize(
    "text",
    [
        NOTE,
        "HTN DM2 CKD3 s/p CABG, c/o SOB x3d. Lungs CTA b/l. RRR. A/P: CHF exac, IV lasix, tele, BMP q12.",
        "metformin 500 mg BID\nlisinopril 10 mg QD\natorvastatin 40 mg QHS\ninsulin glargine 20 U\naspirin 81",
        "Mr. de la Cruz was seen with Dr. Von der Heide. Café au lait spots. Status post pas de deux. De novo lesion.",
        "Dolor.",
        'Interpreter used. He said "me duele el pecho desde hace dos días" and points to the left side of his chest.',
        "Temp 38 \xb0C \u2192 37 \xb0C, pCO\u2082 40, \u03b2-blocker, \u03b1-thalassemia, \u2191 WBC",
        "120/80 98.6 72 16 " * 20,
    ],
)
def test_english_telegraphic_and_listed_notes_pass(text: str) -> None:
    assert check_language(Document(id="visit7", text=text), {ENGLISH}) == ENGLISH
    check_document(Document(id="visit7", text=text), SETTINGS)
