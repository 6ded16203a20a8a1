"""Whatever lies in an input that a view is healed from, refused or not, a lost view is healed, and what comes after is settled."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.examples import services
from tests.contract.fuzz_city import heal
from tests.contract.fuzzing import almost_valid, any_records
from tests.contract.spoiling import Sent
from tests.contract.test_fuzz import effort

FOLLOWED = sorted((service.name, topic) for service in services() for topic, until in service.state_topics.items() if until == "committed")


@effort
@pytest.mark.parametrize(("service", "topic"), FOLLOWED)
def test_a_lost_view_is_healed_whatever_lies_in_its_inputs(service: str, topic: str, effort: settings) -> None:
    @settings(effort, max_examples=max(effort.max_examples // 3, 1))
    @given(st.lists(any_records(topic) | almost_valid(topic), min_size=1, max_size=3), st.booleans())
    def attempt(sent: Sequence[Sent], known: bool) -> None:
        heal(sent, known, service)

    attempt()
