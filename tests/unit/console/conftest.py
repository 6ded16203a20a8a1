"""A site on its day, and somebody at it for each role."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.unit.console.site import ROLES, Browser, Site, browser, site
from tests.unit.console.story import day


@pytest.fixture(scope="session")
def users_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the file of users lies: its hashes take a moment to make."""
    return tmp_path_factory.mktemp("users")


@pytest.fixture
def place(users_folder: Path) -> Iterator[Site]:
    """A site on which the day has passed."""
    with site(users_folder) as made:
        yield made.feed(*day())


@pytest.fixture
def stranger(place: Site) -> Iterator[Browser]:
    """Somebody who is not logged in."""
    with browser(place) as somebody:
        yield somebody


@pytest.fixture
def people(place: Site) -> Iterator[dict[str, Browser]]:
    """One logged in for each role, by role."""
    with ExitStack() as open_ones:
        yield {role: open_ones.enter_context(browser(place)).log_in(name) for name, role in ROLES.items()}


@pytest.fixture
def operator(place: Site) -> Iterator[Browser]:
    """An operator, logged in."""
    with browser(place) as somebody:
        yield somebody.log_in("li")
