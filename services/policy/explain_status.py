"""The part of an explanation about who the person was: his intervals of status in the city, and what the claim counts as applied for by."""

from collections.abc import Iterator, Sequence

from schemas.identity import ApplicationApproved
from services.policy.entitlement import Application, Interval
from services.policy.explain import Explanation
from services.policy.explain_lines import Foreign, Line, Part, heading, row
from services.policy.standing import standing
from services.policy.words import Speech


def statuses(found: Explanation, speech: Speech) -> Iterator[Line]:
    """The person's intervals of status in the city, covering or not."""
    covering = {assessment.category for assessment in found.settlement.assessments}
    yield heading(speech.pick("救助身份", "Statuses in the city") + ("" if found.intervals else ": " + speech.pick("无", "none")))
    for interval in found.intervals:
        covers = (
            speech.pick("覆盖本次", "covers this visit")
            if interval.category in covering
            else speech.pick("不覆盖本次", "does not cover it")
        )
        told = "" if found.settlement.is_reversed or found.settlement.policy is None else f"; {covers}"
        yield row(f"{category_name(found, speech, interval.category)}: {_span(interval, speech)}{told}")


def applications(found: Explanation, speech: Speech) -> Iterator[Line]:
    """What the claim counts as applied for by: its own day, or for each covering category the approved application of its day."""
    claim, dossier = found.claim, found.dossier
    if claim.applied_on is not None:
        yield heading(speech.pick(f"申请：结算单载明 {claim.applied_on} 申请", f"Applied for on {claim.applied_on}, as the claim says"))
        return
    approved = [dossier.status.application(dossier.region, assessment.category, claim.date) for assessment in found.settlement.assessments]
    counting = [application for application in approved if application is not None]
    if counting:
        yield heading(speech.pick("申请（经批准）", "Approved applications that count"))
    for one in counting:
        days = f"{one.start} - {one.to}"
        told = speech.pick(
            f"{one.applied_on} 申请，适用 {days} 的就医或出院", f"applied for on {one.applied_on}, for services or discharges of {days}"
        )
        yield row(f"{category_name(found, speech, one.category)}: {told}", *_sent(found, one))


def _sent(found: Explanation, application: Application) -> Sequence[Part]:
    """The source and id of the application's event, where the source of the explanation tells events."""
    for event in standing(found.dossier.events or ()):
        told = event.data
        if isinstance(told, ApplicationApproved) and application == Application(
            told.region, told.category, told.applied_on, told.from_, told.to
        ):
            return " (", Foreign(event.source), " ", Foreign(event.id), ")"
    return ()


def _span(interval: Interval, speech: Speech) -> str:
    span = f"{interval.start} - {interval.to or speech.pick('至今', 'open')}"
    if interval.lost_on is None:
        return span
    loss = speech.say(f"lost.{interval.lost_by}") + (f" -> {interval.changed_to}" if interval.changed_to else "")
    return f"{span} ({interval.lost_on} {loss})"


def category_name(found: Explanation, speech: Speech, code: str) -> str:
    """A category by its code, with its name where the policy has it."""
    policy = found.settlement.policy
    known = policy.file.categories.get(code) if policy else None
    return f"{code} {speech.label(known.label)}" if known else code
