"""Policy files that were accepted and then paid wrongly, each with what is right (`field/`): it is paid, or refused with file, line and key."""

from pathlib import Path

import orjson
import pytest

from schemas.catalogue import CLAIMS, IDENTITY_EVENTS, RESULTS
from services.policy.loader import load_policy
from services.policy.tree import PolicyError
from tests.policy.grammar.world import Sent, written

FIELD = Path(__file__).parent / "field"
RIGHT = {
    # 30% of 40,000 and 10% of what is above 30,000
    "bug1_tiers": {"a": ("13000.00", None)},
    # class a is assisted on stays alone, and this is an outpatient
    "bug2_anyof": {"a": ("0.00", "visit_type_not_covered")},
    # 50% of 2,000 below the cap, 80% of the 1,000 above it
    "bug3_cap": {"a": ("1800.00", None)},
    # the deductible is of stays
    "bug4_dedvisit": {"a": ("750.00", None)},
    # the limit is far away
    "bug5_modlimit": {"a": ("500.00", None)},
    "bug6_barlimit": {"a": ("500.00", None)},
    "bug7_unless": {"a": ("500.00", None)},
    # 200 is below the threshold of 500 a visit
    "bug9_reason": {"a": ("0.00", "below_deductible")},
    # a: 60% of 30,000; b: 2,000 left of the limit, and 30% of 12,000 + 28,000 - 10,000
    "bug10_count": {"a": ("18000.00", None), "b": ("11000.00", None)},
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_was_paid_wrongly_is_paid_right(name: str) -> None:
    policy = load_policy(f"{name}.yaml", (FIELD / f"{name}.yaml").read_text("utf-8"))
    results = [data for topic, data in written(policy, sent(name)) if topic == RESULTS]
    assert {result["claim_id"]: (result["assistance_amount"], result["reason"]) for result in results} == RIGHT[name]


def sent(name: str) -> list[Sent]:
    """The lines beside the file."""
    lines = [orjson.loads(line) for line in (FIELD / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return [
        (CLAIMS if line["type"].startswith("hospital.") else IDENTITY_EVENTS, line["data"]["person_id"], orjson.dumps(line))
        for line in lines
    ]


def test_a_pool_of_payments_is_no_deductible() -> None:
    """Told with file, line and key."""
    text = (FIELD / "bug8_roles.yaml").read_text("utf-8")
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "deductible: year")
    with pytest.raises(PolicyError) as refused:
        load_policy("bug8_roles.yaml", text)
    assert str(refused.value).startswith(f"bug8_roles.yaml:{line}: benefits.0.deductible: ")


def test_every_file_of_the_field_is_tried() -> None:
    assert {path.stem for path in FIELD.glob("*.yaml")} == {*RIGHT, "bug8_roles"}
