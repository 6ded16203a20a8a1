"""What tests of the runtime share."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """The log lines of a test, kept from the terminal."""
    with structlog.testing.capture_logs() as lines:
        yield lines
