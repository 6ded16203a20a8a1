"""Forged tokens on other Kafkas than ours: one that takes them, and a newer one that does not. So docs and doctor say of versions what is so."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from deploy.local.errors import Failed, Unobtainable
from deploy.local.jars import POM, kafka_jars, kafka_version
from services.console.settings import ConsoleSettings
from services.doctor.cluster import reached
from services.doctor.findings import Finding, Level
from services.doctor.site import Site
from services.doctor.tokens import forged
from tests.integration.forging import FORGERIES
from tests.integration.guarded import said
from tests.integration.place import Place, by_token

pytestmark = [pytest.mark.kafka, pytest.mark.prove]

TAKING, REFUSING = "4.1.1", "4.3.1"


class Versioned(Place):
    """A Kafka of another version."""

    def __init__(self, folder: Path, version: str) -> None:
        super().__init__(folder)
        self.version = version
        self.kafka.pom = folder / "pom.xml"
        self.kafka.pom.write_text(POM.read_text("utf-8").replace(f">{kafka_version()}<", f">{version}<"), "utf-8")


@pytest.fixture(scope="module", params=[TAKING, REFUSING])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Versioned]:
    place = Versioned(tmp_path_factory.mktemp("versioned"), request.param)
    try:
        kafka_jars(place.kafka.pom)
    except (Unobtainable, Failed) as reason:
        place.provider.close()
        pytest.skip(f"no Kafka {request.param}: {reason}")
    with place:
        yield place


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_token_opens_nothing_but_the_version_that_we_warn_of(place: Versioned, topic_prefix: str, forgery: str) -> None:
    place.provider.forge = FORGERIES[forgery]
    try:
        status, _, told = said(
            {**place.variables, **by_token(place.kafka, place.provider), "MEDAID_PREFIX": topic_prefix}, "topics", "create"
        )
    finally:
        place.provider.forge = None
    is_taken = place.version == TAKING and forgery != "no signature"
    assert (status, "its token is refused" in told) == ((0, False) if is_taken else (5, True)), told


async def test_the_doctor_tells_by_trying(place: Versioned) -> None:
    """Which version it is Kafka does not tell, but for its line; that is all that who has no token is told."""
    found = await found_by(place, by_token(place.kafka, place.provider))
    assert [(one.level, "Kafka 4.1.2 or later" in one.mend) for one in found] == [
        (Level.FAIL, True) if place.version == TAKING else (Level.OK, False)
    ]
    found = await found_by(place, {})
    assert [(one.level, "4.1.0 and 4.1.1" in one.what) for one in found] == ([(Level.WARN, True)] if place.version == TAKING else [])


async def found_by(place: Versioned, changed: Mapping[str, str]) -> Sequence[Finding]:
    """What the doctor says of tokens."""
    site = Site(ConsoleSettings.from_env({**place.variables, **changed}), ("settlement",))
    async with reached(site) as cluster:
        assert cluster.line == place.version.rpartition(".")[0]
        return await forged(site, cluster)
