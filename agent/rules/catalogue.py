"""The catalogue: every rule there is, by what it reads, in the order in which they speak."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent import linkage
from agent.errors import InputError
from agent.rules import (
    documentation,
    form,
    history,
    reportability,
    sequence,
    sites,
    specificity,
    substances,
    tabular,
    validity,
    wording,
)
from agent.rules.confirmed import confirmed_rules
from agent.rules.edits import EDIT_RULES
from agent.rules.pairs import pair_rules
from agent.rules.poa import POA_RULES
from agent.rules.rule import ClaimRule, DraftRule

ONE_BY_ONE: tuple[DraftRule, ...] = (
    documentation.language,
    validity.edition_dates,
    validity.valid,
    documentation.not_present,
    documentation.ruled_out,
    documentation.only_imagined,
    documentation.family,
    documentation.uncertain_outpatient,
    documentation.uncertain_inpatient,
    documentation.uncertain_before_discharge,
    *confirmed_rules(),
    history.historical,
    history.status_post,
    history.cancer_history,
    history.cancer_in_treatment,
    history.old_infarction,
    history.sequela,
    history.threatened,
    documentation.planned,
    reportability.abnormal_finding,
    reportability.not_managed_outpatient,
    reportability.not_managed_inpatient,
    reportability.chronic_systemic,
    reportability.interpreted_report,
    documentation.contradiction,
    documentation.disagreement,
    wording.side_against_words,
    wording.side_left_unsaid,
    wording.kidney_stage_in_words,
    wording.acute_and_chronic,
    wording.phase_of_care,
    wording.trimester_in_words,
    wording.fracture_default,
    wording.link_denied,
    reportability.symptom_without_diagnosis,
)
"""Rules of documents that look at each candidate by itself."""

TOGETHER: tuple[DraftRule, ...] = (
    linkage.combined,
    specificity.less_specific,
    specificity.vague,
    reportability.integral_symptom,
    reportability.symptom_of_its_own,
)
"""Rules of documents that weigh a candidate against others; what a rule above speaks against does not take part."""

AS_GIVEN: tuple[ClaimRule, ...] = (
    form.claim_form,
    form.empty_claim,
    form.unknown_code,
    form.retired_code,
    form.header,
    form.seventh_character_missing,
    form.duplicate,
    form.written_form,
    form.outside_edition,
    form.dates_disagree,
)
"""Rules of how a claim is given; what is coded here has its form by being made."""

CLAIMS: tuple[ClaimRule, ...] = (
    form.unspecified,
    form.other_and_unspecified,
    tabular.excludes1_conflict,
    tabular.etiology_missing,
    tabular.code_first_missing,
    tabular.use_additional_missing,
    tabular.code_also_missing,
    tabular.excludes2_beside,
    tabular.manifestation_first,
    *sequence.order_rules(),
    sequence.symptom_first,
    sequence.symptom_first_listed,
    sites.both_sides,
    sites.side_and_none,
    sites.two_phases,
    sites.cause_of_another_phase,
    sites.place_after_first_visit,
    sites.superficial_beside_deeper,
    sites.burns_of_one_site,
    sites.coma_scale_in_part,
    substances.substance_levels,
    substances.tobacco_now_and_past,
    substances.cancer_now_and_past,
    substances.symptom_beside_diagnosis,
    *pair_rules(),
    *EDIT_RULES,
    *POA_RULES,
)
"""Rules of claims: codes in their order, whoever coded them."""

RULES: tuple[DraftRule | ClaimRule, ...] = (*ONE_BY_ONE, *TOGETHER, *AS_GIVEN, *CLAIMS)

_SECTION = re.compile(r"\b(?:I|II|III|IV)(?:\.[A-Za-z0-9]+)+\b|^III?$|^IV$")


def find_rule(name: str) -> DraftRule | ClaimRule:
    """The rule called `name`.

    Raises:
        InputError: there is none; the message says where their names are listed.
    """
    for rule in RULES:
        if rule.id == name:
            return rule
    near = ", ".join(rule.id for rule in RULES if name.replace("-", "_") in rule.id)
    raise InputError(f"there is no rule {name!r}; {f'near it: {near}' if near else 'chartproof rules list names all'}")


def cited_sections(citation: str) -> Iterator[str]:
    """The sections of the Official Guidelines that a citation names."""
    return (found.group() for found in _SECTION.finditer(citation))
