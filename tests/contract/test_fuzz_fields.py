"""Each field of each event that a service reads, with each extreme value in it: refused as it must be, or taken without harm."""

from collections.abc import Sequence
from itertools import islice

import pytest

from schemas.topics import load_topics
from tests.contract.examples import bytes_of, services
from tests.contract.fuzz_city import hold
from tests.contract.spoiling import EXTREMES, Sent, spoiled_fields

READ = {topic for service in services() for topic in service.inputs}
EVENTS = sorted((topic, f"{kind}/{event.examples[0]}") for topic in READ for kind, event in load_topics()[topic].events.items())
AT_ONCE = 50
SAMPLE = 23
"""One in so many fits `make test`; it shares no factor with the number of extremes, so that all of them meet some field."""

PROVED = 5
"""One in so many with `-m prove`, for the same reason."""


@pytest.mark.parametrize("every", [pytest.param(SAMPLE, id="sample"), pytest.param(PROVED, id="more", marks=pytest.mark.prove)])
@pytest.mark.parametrize(("topic", "example"), EVENTS, ids=[example for _, example in EVENTS])
def test_no_field_takes_an_extreme_value_badly(topic: str, example: str, every: int) -> None:
    assert len(EXTREMES) % every
    spoiled = islice(spoiled_fields(topic, bytes_of(example)[0]), 0, None, every)
    while batch := list(islice(spoiled, AT_ONCE)):
        _hold(batch)


def _hold(batch: Sequence[Sent]) -> None:
    """All at once; when that fails, one by one, so that the first that fails alone is told."""
    try:
        hold(batch, known=True)
    except Exception:
        for one in batch:
            try:
                hold([one], known=True)
            except Exception as error:
                raise AssertionError(f"alone: {one}") from error
        raise
