"""Who may say what: regions, sources, categories and the agencies that certify them."""

import re
from datetime import date
from typing import Final, get_args

from schemas.codes import Agency
from schemas.hospital import AdmissionClosed, AdmissionOpened
from schemas.identity import ApplicationApproved, EventVoided, StatusChanged, check_dates
from services.policy.library import Policies
from services.policy.standing import StatusData
from services.runtime.errors import Refused

_SOURCE = re.compile(r"/agencies/(?P<region>[^/]+)/(?P<agency>[^/]+)")
_AGENCIES = frozenset(get_args(Agency))

APPROVES_APPLICATIONS: Final = "healthcare-security"
"""The agency that approves applications, of whatever category."""


def check_region(policies: Policies, region: str) -> None:
    """Whether a policy is there for `region`.

    Raises:
        Refused: `unknown_region`.
    """
    if region not in policies.current:
        raise Refused("unknown_region", "data.region", "one of " + ", ".join(policies.regions()))


def check_status(policies: Policies, source: str, data: StatusData, event_day: date) -> None:
    """Whether the agency may send this event, and its days fit together and with `event_day` (of the event's time, +08:00).

    Raises:
        Refused: `unknown_region`, `source_mismatch`, `unknown_category`, `agency_not_competent` or `invalid_dates`, the first that applies.
    """
    check_region(policies, data.region)
    parts = _SOURCE.fullmatch(source)
    if parts is None or parts["region"] != data.region:
        raise Refused("source_mismatch", "source", "/agencies/<region of data>/<agency>")
    certifiers = {field: _certifier(policies, data.region, field, category) for field, category in _categories(data).items()}
    if parts["agency"] not in _AGENCIES:
        raise Refused("agency_not_competent", "source", "one of the agencies " + ", ".join(sorted(_AGENCIES)))
    if isinstance(data, ApplicationApproved):
        certifiers = {"source": APPROVES_APPLICATIONS}
    for field, certifier in certifiers.items():
        if certifier != parts["agency"]:
            raise Refused("agency_not_competent", field, f"to be certified by {certifier}")
    check_dates(data, event_day)


def _categories(data: StatusData) -> dict[str, str]:
    if isinstance(data, EventVoided):
        return {}
    if isinstance(data, StatusChanged):
        return {"data.from_category": data.from_category, "data.to_category": data.to_category}
    return {"data.category": data.category}


def _certifier(policies: Policies, region: str, field: str, category: str) -> str:
    """The agency that certifies `category` in any of the region's policies.

    Raises:
        Refused: `unknown_category`.
    """
    for policy in reversed(policies.current[region]):
        if category in policy.file.categories:
            return policy.file.categories[category].certified_by
    known = sorted({name for policy in policies.current[region] for name in policy.file.categories})
    raise Refused("unknown_category", field, "one of " + ", ".join(known))


def check_admission(policies: Policies, source: str, data: AdmissionOpened | AdmissionClosed) -> None:
    """Whether the hospital may send this admission.

    Raises:
        Refused: `unknown_region` or `source_mismatch`.
    """
    check_region(policies, data.region)
    if source != f"/hospitals/{data.hospital_id}":
        raise Refused("source_mismatch", "source", "/hospitals/<hospital_id of data>")
