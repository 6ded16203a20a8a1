"""What makes a claim's content: whether a bill that comes again is the same bill, whichever version accepted it first.

Content is a hash over the fields named here, in JSON as `wire` gives it. A field that was introduced after the first version counts only where its value is
not the one that stands for "not given": so a bill that was sent before there was such a field, and is sent again after, has the hash that it had, and a
claim that gives the field has another. Nothing here is ever changed: no name taken out, no value of `LATER` altered; new fields go to the end of `LATER`.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson

FIRST: Final = (
    "person_id", "claim_id", "hospital_id", "region", "visit_type", "service_date", "admission_date", "discharge_date", "insurance_type", "conditions",
    "total_amount", "policy_scope_amount", "basic_paid", "critical_illness_paid", "other_paid", "above_basic_cap_amount", "consultation_fee", "referral",
    "in_province", "in_county", "payment_method", "birth_date", "applied_on", "district",
)  # fmt: skip
"""The fields of the first version."""

LATER: Final[Mapping[str, Any]] = {"visit_id": None}
"""Fields introduced since, in the order of their introduction, each with the value, as in JSON, that stands for not given; None is left out of JSON."""


def content_hash(content: Mapping[str, Any], later: Mapping[str, Any] = LATER) -> str:
    """A hash of a claim's normalised data, equal for claims of equal content."""
    for later_name, not_given in later.items():
        if later_name in content and content[later_name] == not_given:
            content = {name: value for name, value in content.items() if name != later_name}
    return hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=12).hexdigest()
