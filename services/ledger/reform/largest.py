"""The claims that change by most, explained side by side as they were settled and as they would be, under pseudonyms.

In: what was kept of them, two cases. Out: lines in both languages, by the very function behind `medaid explain`. Hospitals keep their names; persons, and the
numbers of their bills, do not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schemas.hospital import ClaimSubmitted
from schemas.money import yuan_text
from services.ledger.reform.cases import Case
from services.ledger.reform.rows import Known
from services.ledger.reform.sums import Large
from services.policy.adjudicate import claim_year
from services.policy.explain import Dossier, PolicyOf, explain
from services.policy.explain_text import explanation
from services.policy.library import Policies
from services.policy.words import Lang

LANGS: tuple[Lang, ...] = ("zh", "en")

Pseudonym = Callable[[str], str]


def largest(today: Case, case: Case, found: Sequence[Large], pseudonym: Pseudonym) -> list[Mapping[str, Any]]:
    """Each of the changes."""
    return [_explained(today, case, large, pseudonym) for large in found]


def _explained(today: Case, case: Case, large: Large, pseudonym: Pseudonym) -> Mapping[str, Any]:
    person = large.person
    claim, known = next((claim, known) for claim, known in person.claims if claim.key == large.key)
    alias, name = pseudonym(person.person_id), _alias(claim, pseudonym).key
    of_then, year = case.policy_of, claim_year(case.policy_of(claim.date), claim)
    now = [(one, told) for one, told in person.claims if told.year == known.year]
    then = [(one, told) for one, told in person.claims if claim_year(of_then(one.date), one) == year]
    dossiers = (
        (today.policies, Dossier(alias, today.region, known.year, person.status, _policy_now(today, now), _claims(now, pseudonym))),
        (case.policies, Dossier(alias, case.region, year, case.status_of(person), of_then, _claims(then, pseudonym))),
    )
    return {
        "claim": name,
        "person": alias,
        "now": yuan_text(known.paid_fen),
        "difference": yuan_text(large.delta_fen),
        **{lang: [_lines(policies, dossier, name, lang) for policies, dossier in dossiers] for lang in LANGS},
    }


def _policy_now(today: Case, claims: Sequence[tuple[ClaimSubmitted, Known]]) -> PolicyOf:
    """The policy that the year stands under, where its edition is here, else that of today."""
    edition = next((known.edition for _, known in reversed(claims) if known.edition), None)
    through = max(claim.date for claim, _ in claims)
    readings = today.policy_of(through).readings
    if not today.policies.has(today.region, edition, readings):
        return today.policy_of
    return lambda day: today.policies.for_year(today.region, day, edition, readings, through)


def _lines(policies: Policies, dossier: Dossier, key: str, lang: Lang) -> list[tuple[int, str]]:
    """An explanation's lines with their depth."""
    sections = explanation(explain(policies, dossier, key), lang)
    return [(line.depth, line.text) for section in sections for line in (section.heading, *section.lines)]


def _claims(claims: Sequence[tuple[ClaimSubmitted, Known]], pseudonym: Pseudonym) -> list[tuple[ClaimSubmitted, str | None]]:
    return [(_alias(claim, pseudonym), "" if known.outcome == "reversed" else None) for claim, known in claims]


def _alias(claim: ClaimSubmitted, pseudonym: Pseudonym) -> ClaimSubmitted:
    return claim.model_copy(update={"person_id": pseudonym(claim.person_id), "claim_id": pseudonym(claim.key)})
