"""Records that the services must refuse, each for a reason of the contract. `processing_failed` is not among them: no record provokes it.

In: a stage with people. Out: broken records among the others. A record is made right, then broken in one place, so that it is refused for just that.
Not here: duplicates that contradict (`cast_claims.py`, `cast_news.py`).
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import orjson

from schemas.envelope import VALUE_BYTES_MAX
from schemas.refusal import Reason
from services.synthetic.bills import YUAN, bill_leaving
from services.synthetic.stage import Stage, days
from services.synthetic.visits import CLAIM, Visit, claim_data, new_number

Document = dict[str, Any]
Breaking = Callable[[Stage], bytes]


def claim(stage: Stage, kind: str = "outpatient", **data: Any) -> Document:
    """A claim as it should be, but for `data`; None takes a field away."""
    person = stage.rng.choice(stage.script.people)
    day = stage.day(5, 90)
    told = claim_data(stage.city.region, person, Visit(kind), bill_leaving(900 * YUAN), day, new_number(stage.script)) | data
    told = {name: value for name, value in told.items() if value is not None}
    return stage.script.document(CLAIM, f"/hospitals/{person.hospital}", told, stage.script.moment(day + days(1)))


def status(stage: Stage, source: str | None = None, **data: Any) -> Document:
    """A grant as it should be, but for `data` and `source`."""
    category = stage.rng.choice(stage.city.categories)
    day = stage.day(5, 90)
    person = stage.rng.choice(stage.script.people)
    told = {"person_id": person.id, "region": stage.city.region, "category": category, "effective_date": day.isoformat(), **data}
    kind = "identity.status.granted.v1"
    return stage.script.document(kind, source or stage.city.agency(category), told, stage.script.moment(day + days(1)))


def _broken(**attributes: Any) -> Breaking:
    """A claim with other attributes."""
    return lambda stage: orjson.dumps(claim(stage) | attributes)


def _claim(kind: str = "outpatient", **data: Any) -> Breaking:
    return lambda stage: orjson.dumps(claim(stage, kind, **data))


def _status(**data: Any) -> Breaking:
    return lambda stage: orjson.dumps(status(stage, **data))


def _cut_off(stage: Stage) -> bytes:
    return orjson.dumps(claim(stage))[:-40]


def _not_utf8(stage: Stage) -> bytes:
    return orjson.dumps(claim(stage, district="?")).replace(b'"?"', "苏".encode("gb18030").join((b'"', b'"')))


def _not_a_number(stage: Stage) -> bytes:
    return orjson.dumps(claim(stage, total_amount=orjson.Fragment(b"NaN")))


def _too_large(stage: Stage) -> bytes:
    return orjson.dumps(claim(stage, district="0" * VALUE_BYTES_MAX))


def _wrong_hospital(stage: Stage) -> bytes:
    return orjson.dumps(claim(stage) | {"source": f"/hospitals/{stage.city.undesignated}"})


def _other_region(stage: Stage) -> bytes:
    region = stage.city.region
    return orjson.dumps(status(stage, stage.city.agency(stage.city.categories[0]).replace(region, f"{region}-elsewhere")))


def _other_agency(stage: Stage) -> bytes:
    category = stage.rng.choice(stage.city.categories)
    return orjson.dumps(status(stage, stage.city.other_agency(category), category=category))


def _no_agency(stage: Stage) -> bytes:
    return orjson.dumps(status(stage, f"/agencies/{stage.city.region}/street-office"))


def _discharged_first(stage: Stage) -> bytes:
    document = claim(stage, "inpatient")
    data: Document = document["data"]
    data["admission_date"], data["discharge_date"] = data["discharge_date"], data["admission_date"]
    return orjson.dumps(document)


def _after_its_time(stage: Stage) -> bytes:
    document = claim(stage)
    document["data"]["service_date"] = (stage.city.last + days(20)).isoformat()
    return orjson.dumps(document)


FAULTS: Final[Mapping[Reason, tuple[Breaking, ...]]] = {
    "malformed_json": (_cut_off, _not_utf8, _not_a_number),
    "invalid_event": (
        _broken(specversion="0.3"),
        _broken(time="2025-03-01 10:00:00"),
        _claim(visit_type="emergency"),
        _claim(basic_paid="-1.00"),
        _claim(total_amount="1,200.00"),
        _claim(total_amount=orjson.Fragment(b"1200.005")),
        _claim(service_date="2025-02-30"),
        _claim(person_id="张三"),
        _claim(basic_paid=None),
        _claim(conditions=["influenza"]),
        _status(effective_date="2025/03/01"),
        _status(remark="urgent"),
    ),
    "unknown_type": (_broken(type="hospital.claim.submitted.v9"), _broken(type="hospital.bed.freed.v1")),
    "unknown_region": (_claim(region="nowhere"), _status(region="nowhere")),
    "source_mismatch": (_wrong_hospital, _other_region, _broken(source="HIS")),
    "unknown_category": (_status(category="millionaire"),),
    "agency_not_competent": (_other_agency, _no_agency),
    "invalid_dates": (_discharged_first, _after_its_time, _claim(service_date=None), _claim("inpatient", service_date="2025-01-02")),
    "invalid_amounts": (
        _claim(policy_scope_amount="999999.00"),
        _claim(other_paid="99999.00"),
        _claim(above_basic_cap_amount="99999.00"),
    ),
    "too_large": (_too_large,),
}
"""Ways to be refused, by reason."""


def break_some(stage: Stage, count: int) -> None:
    """Send at least `count` broken records, every kind of them at least once; too large ones only once, for they are large."""
    ways = [breaking for kinds in FAULTS.values() for breaking in kinds]
    often = [breaking for breaking in ways if breaking is not _too_large]
    ways += [stage.rng.choice(often) for _ in range(count - len(ways))]
    for breaking in ways:
        value = breaking(stage)
        stage.script.post(value, stage.script.moment(stage.day(5, 100)) + timedelta(minutes=1))
