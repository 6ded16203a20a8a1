"""Every topic that a service reads is sent any bytes and almost valid events: each is accepted or one dead letter, and nobody else notices."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.contract.examples import services
from tests.contract.fuzz_city import hold
from tests.contract.fuzzing import almost_valid, any_records, said_origin
from tests.contract.spoiling import Sent

READ = sorted({topic for service in services() for topic in service.inputs})
EXAMPLES = 25
COMMON = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
QUICK = settings(COMMON, max_examples=EXAMPLES, derandomize=True, phases=[Phase.explicit, Phase.generate, Phase.shrink])
HARD = settings(COMMON, max_examples=10 * EXAMPLES, derandomize=False, print_blob=True)

effort = pytest.mark.parametrize("effort", [pytest.param(QUICK, id="quick"), pytest.param(HARD, id="hard", marks=pytest.mark.prove)])


@effort
@pytest.mark.parametrize("topic", READ)
def test_any_bytes_are_settled_or_refused(topic: str, effort: settings) -> None:
    _try(topic, effort, any_records(topic))


@effort
@pytest.mark.parametrize("topic", READ)
def test_almost_valid_events_are_settled_or_refused(topic: str, effort: settings) -> None:
    _try(topic, effort, almost_valid(topic))


def _try(topic: str, effort: settings, records: st.SearchStrategy[Sent]) -> None:
    @effort
    @given(st.lists(records, min_size=1, max_size=3, unique_by=said_origin), st.booleans())
    def attempt(sent: Sequence[Sent], known: bool) -> None:
        hold(sent, known)

    attempt()  # what fails under HARD is tried again with the decorator that hypothesis prints, above `effort`
