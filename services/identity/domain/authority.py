"""Who may say what: regions, sources, categories and the agencies that certify them."""

import re
from datetime import date
from typing import Final

from schemas.hospital import AdmissionClosed, AdmissionOpened
from schemas.identity import ApplicationApproved, EventVoided, StatusChanged, check_dates
from services.policy.declared import agencies_of
from services.policy.library import Policies
from services.policy.standing import StatusData
from services.runtime.errors import Fault, Refused

_SOURCE = re.compile(r"/agencies/(?P<region>[^/]+)/(?P<agency>[^/]+)")

APPROVES_APPLICATIONS: Final = "healthcare-security"
"""The agency that approves applications, of whatever category."""


def check_region(policies: Policies, region: str) -> None:
    """Whether a policy is there for `region`.

    Raises:
        Refused: `unknown_region`, or `processing_failed` where its files have faults.
    """
    if lacking := policies.lacking(region):
        raise Refused(lacking[0], "data.region", lacking[1])


def check_status(policies: Policies, source: str, data: StatusData, event_day: date) -> None:
    """Whether the agency may send this event, and its days fit together and with `event_day` (of the event's time, +08:00).

    Raises:
        Refused: `unknown_region` (or `processing_failed`, as `check_region`), `source_mismatch`, `unknown_category`, `agency_not_competent` or
            `invalid_dates`, the first that applies.
    """
    check_region(policies, data.region)
    parts = _SOURCE.fullmatch(source)
    if parts is None or parts["region"] != data.region:
        raise Refused("source_mismatch", "source", "/agencies/<region of data>/<agency>")
    certifiers = _certifiers(policies, data)
    agencies = agencies_of(policies.current, data.region)
    if parts["agency"] not in agencies:
        raise Refused("agency_not_competent", "source", "one of the agencies " + ", ".join(agencies))
    if isinstance(data, ApplicationApproved):
        certifiers = {"source": (APPROVES_APPLICATIONS,)}
    faults = [
        Fault(field, f"to be certified by {' or '.join(known)}") for field, known in certifiers.items() if parts["agency"] not in known
    ]
    if faults:
        raise Refused("agency_not_competent", *faults[0], faults[1:])
    check_dates(data, event_day)


def _categories(data: StatusData) -> dict[str, str]:
    if isinstance(data, EventVoided):
        return {}
    if isinstance(data, StatusChanged):
        return {"data.from_category": data.from_category, "data.to_category": data.to_category}
    return {"data.category": data.category}


def _certifiers(policies: Policies, data: StatusData) -> dict[str, tuple[str, ...]]:
    """By field of `data` the agencies that certify its category in any of the region's policies, the newest first.

    Raises:
        Refused: `unknown_category`, with every category at fault.
    """
    known = {name: category.certifiers for policy in policies.current[data.region] for name, category in policy.file.categories.items()}
    named = _categories(data)
    faults = [Fault(field, "one of " + ", ".join(sorted(known))) for field, category in named.items() if category not in known]
    if faults:
        raise Refused("unknown_category", *faults[0], faults[1:])
    return {field: known[category] for field, category in named.items()}


def check_admission(policies: Policies, source: str, data: AdmissionOpened | AdmissionClosed) -> None:
    """Whether the hospital may send this admission.

    Raises:
        Refused: `unknown_region` (or `processing_failed`, as `check_region`) or `source_mismatch`.
    """
    check_region(policies, data.region)
    if source != f"/hospitals/{data.hospital_id}":
        raise Refused("source_mismatch", "source", "/hospitals/<hospital_id of data>")
