"""Contract tests run whole services in memory: their logs are for warnings."""

import pytest

from services.runtime import logging
from services.runtime.settings import Settings


@pytest.fixture(autouse=True, scope="package")
def quiet() -> None:
    logging.configure(Settings(log_level="warning"))
