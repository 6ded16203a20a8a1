"""A city's year, line by line: the cast first, then ordinary people, then what must be refused; all in order of arrival.

In: a policy, how many persons, a seed, a year. Out: CloudEvents as JSON, one a line. Promise: the same in, the same bytes; from 1,000 persons on,
everything that the cast provokes happens for certain. Not here: writing them anywhere.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

from services.policy.loader import Policy
from services.synthetic import cast_claims, cast_hospitals, cast_news, cast_policy, cast_statuses
from services.synthetic.faults import break_some
from services.synthetic.ordinary import ordinary_person
from services.synthetic.probe import casebook_of
from services.synthetic.script import Script
from services.synthetic.stage import Stage
from services.synthetic.world import city_of

Scene = Callable[[Stage], None]

SCENES: Final[tuple[Scene, ...]] = (
    cast_news.late_application,
    cast_statuses.renewed,
    cast_policy.every_reason,
    cast_policy.every_limit,
    cast_policy.every_benefit,
    cast_hospitals.costly_hospital,
    cast_hospitals.overlapping,
    cast_hospitals.transferred,
    cast_hospitals.ruined,
    cast_hospitals.ruined_until_certified,
    cast_hospitals.poor_again,
    cast_hospitals.admissions,
    cast_hospitals.admissions_out_of_order,
    cast_hospitals.admission_contradicted,
    cast_claims.reversals,
    cast_claims.reversal_comes_first,
    cast_claims.claims_sent_twice,
    cast_claims.contradictions,
    cast_claims.told_with_nulls,
    cast_claims.out_of_force,
    cast_claims.without_status,
    cast_claims.uninsured,
    cast_claims.packages,
    cast_claims.paid_in_full,
    cast_claims.above_the_cap,
    cast_claims.referrals,
    cast_claims.consultation_fees,
    cast_claims.each_condition,
    cast_claims.undesignated_hospital,
    cast_news.late_grant,
    cast_news.late_loss,
    cast_news.late_change,
    cast_news.late_death,
    cast_news.voided_grant,
    cast_news.voided_loss,
    cast_news.void_comes_first,
    cast_news.loss_before_grant,
    cast_news.status_told_twice,
    cast_news.enrolments,
    cast_statuses.gained_in_stay,
    cast_statuses.lost_in_stay,
    cast_statuses.changed_in_stay,
    cast_statuses.changed_by_two_agencies,
    cast_statuses.fraud_in_stay,
    cast_statuses.death_in_stay,
    cast_statuses.death_in_grace,
    cast_statuses.never_entitled,
    cast_statuses.regrant,
    cast_statuses.granted_ahead,
    cast_statuses.several_statuses,
    cast_statuses.expiring,
    cast_statuses.ending_after_months,
    cast_statuses.across_the_years,
    cast_statuses.young_and_old,
    cast_statuses.each_category,
)
"""What is sure to happen in a city of 1,000 persons."""


def generate(policy: Policy, persons: int, seed: int, year: int = 2025) -> Iterator[bytes]:
    """A plausible year of a city.

    Args:
        policy: Whose rules the city has, and whose categories, agencies and limits its events are made of.
        persons: How many people. The cast takes at most half of them: in a small city the larger scenes are missing.
        seed: Of all chance.
        year: The calendar year.

    Yields:
        Events as JSON, in order of arrival, without the end of the line; about one in a hundred is broken.

    Raises:
        ValueError: Fewer than one person.
    """
    if persons < 1:
        raise ValueError("at least one person")
    city = city_of(policy, year)
    stage = Stage(Script(city, Random(seed)), casebook_of(city))
    people = stage.script.people
    for scene in SCENES:
        before = stage.script.mark()
        scene(stage)
        if len(people) > persons // 2:
            stage.script.back_to(before)
    while len(people) < persons:
        ordinary_person(stage)
    break_some(stage, persons // 15)
    yield from stage.script.lines()
