"""What several files of these tests ask for. Not here: servers that a whole run shares (`tests/conftest.py`), what only the fault table needs (`faults/`)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from deploy.local.errors import Unobtainable

if TYPE_CHECKING:
    from services.runtime.kafka.acls import Acl
    from tests.integration.guarded import Guarded


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Guarded]":
    """A Kafka that asks its access control lists, with everybody who has a name there; nobody has a right yet."""
    from tests.integration.guarded import Guarded  # only here: every test of this folder reads this module, and few need what that loads

    try:
        with Guarded(tmp_path_factory.mktemp("guarded")) as guarded:
            yield guarded
    except Unobtainable as reason:
        pytest.skip(str(reason))


@pytest.fixture
async def given(guarded: "Guarded", topic_prefix: str) -> "list[Acl]":
    """Everybody has his rights there, these, and the topics, of one partition each, are there."""
    return await guarded.prepare(topic_prefix)
