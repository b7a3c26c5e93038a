"""The claim: codes in their order for one encounter, coded here or elsewhere; rules check it without any document."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from agent.records import AssignedCode, Encounter, Patient, Record, Setting, Sex


class Poa(StrEnum):
    """Present on admission (Appendix I): yes, no, not documented, not to be determined clinically, or exempt."""

    YES = "Y"
    NO = "N"
    UNKNOWN = "U"
    UNDETERMINED = "W"
    EXEMPT = "exempt"


class ClaimCode(Record):
    """A code as a claim gives it, in any case and with or without its dot; `poa` as given, None where it is not."""

    code: str
    poa: str | None = None


class Flaw(Record):
    """A part of a claim that could not be used as it was given: where, and what mends it."""

    field: str
    message: str


class Claim(Record):
    """Codes in claim order, the first-listed or principal one first.

    `date_of_service` is the day of the visit, of a stay that of discharge; `admitted` the day of admission. What is not
    known is None: rules that would ask for it say so. `flaws` are what could not be used of a claim made elsewhere.
    """

    id: str = "claim"
    setting: Setting | None = None
    date_of_service: date | None = None
    admitted: date | None = None
    patient: Patient = Patient()
    codes: tuple[ClaimCode, ...] = ()
    flaws: tuple[Flaw, ...] = ()


def claim_of(encounter: Encounter, codes: tuple[AssignedCode, ...]) -> Claim:
    """The claim that a coding comes to."""
    return Claim(
        id=encounter.id,
        setting=encounter.setting,
        date_of_service=encounter.date_of_service,
        patient=encounter.patient,
        codes=tuple(ClaimCode(code=code.code, poa=code.poa) for code in codes),
    )


_FIELDS = ("id", "setting", "date_of_service", "admitted", "patient", "codes")


def read_claim(given: object, *, name: str = "claim") -> Claim:
    """The claim in a JSON value; what of it can't be used is among its flaws, so that nothing is dropped unsaid.

    Args:
        given: `{"setting": "outpatient", "date_of_service": "2026-05-15", "admitted": ..., "patient": {"age": 60,
            "sex": "female"}, "codes": ["E11.9", {"code": "N18.4", "poa": "Y"}]}`.
        name: the id of a claim that has none of its own.
    """
    if not isinstance(given, Mapping):
        form = f"a claim is a JSON object with the fields {', '.join(_FIELDS)}"
        return Claim(id=name, flaws=(Flaw(field="claim", message=form),))
    flaws = [
        _flaw(str(key), f"there is no field {key!r}; the fields are {', '.join(_FIELDS)}")
        for key in given
        if key not in _FIELDS
    ]
    codes: list[ClaimCode] = []
    listed = given.get("codes", [])
    if not isinstance(listed, list | tuple):
        flaws.append(_flaw("codes", 'codes are a list, in claim order, such as ["E11.9", "I10"]'))
        listed = []
    for place, one in enumerate(listed, start=1):
        code, poa = (one.get("code"), one.get("poa")) if isinstance(one, Mapping) else (one, None)
        if not (isinstance(code, str) and code.strip() and isinstance(poa, str | None)):
            flaws.append(_flaw("codes", f'code {place} is {one!r}; write "E11.9" or {{"code": "E11.9", "poa": "Y"}}'))
            continue
        codes.append(ClaimCode(code=code, poa=_poa(poa)))
    own = given.get("id")
    if own is not None and not (isinstance(own, str) and own):
        flaws.append(_flaw("id", f"the id {own!r} is no name; give a text that is not empty"))
        own = None
    setting = _setting(given.get("setting"), flaws)
    day = _date("date_of_service", given.get("date_of_service"), flaws)
    admitted = _date("admitted", given.get("admitted"), flaws)
    patient = _patient(given.get("patient"), flaws)
    return Claim(
        id=own or name,
        setting=setting,
        date_of_service=day,
        admitted=admitted,
        patient=patient,
        codes=tuple(codes),
        flaws=tuple(flaws),
    )


def _poa(given: str | None) -> str | None:
    """An indicator in capitals, as the codes are read; `exempt` stays."""
    stripped = (given or "").strip()
    return (stripped.upper() if len(stripped) == 1 else stripped.lower()) or None


def _flaw(field: str, message: str) -> Flaw:
    return Flaw(field=field, message=message)


def _setting(value: object, flaws: list[Flaw]) -> Setting | None:
    if value is None:
        flaws.append(_flaw("setting", "no setting is given; give outpatient or inpatient, since many rules differ"))
        return None
    try:
        return Setting(value)  # type: ignore[arg-type]
    except ValueError:
        flaws.append(_flaw("setting", f"the setting {value!r} is not known; give outpatient or inpatient"))
        return None


def _date(field: str, value: object, flaws: list[Flaw]) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        flaws.append(_flaw(field, f"{value!r} is no date; write it as year-month-day, such as 2026-05-15"))
        return None


def _patient(value: object, flaws: list[Flaw]) -> Patient:
    if value is None:
        return Patient()
    if not isinstance(value, Mapping):
        flaws.append(_flaw("patient", 'the patient is an object, such as {"age": 60, "sex": "female"}'))
        return Patient()
    for key in value:
        if key not in ("age", "sex"):
            flaws.append(_flaw("patient", f"there is no field {key!r} of a patient; there are age (in years) and sex"))
    age, sex = value.get("age"), value.get("sex")
    if age is not None and not (isinstance(age, int) and not isinstance(age, bool) and 0 <= age <= 130):
        flaws.append(_flaw("patient", f"the age {age!r} is no whole number of years from 0 to 130"))
        age = None
    if sex is not None and sex not in tuple(Sex):
        flaws.append(_flaw("patient", f"the sex {sex!r} is not known to the code edits; give female or male"))
        sex = None
    return Patient(age=age, sex=Sex(sex) if sex is not None else None)
