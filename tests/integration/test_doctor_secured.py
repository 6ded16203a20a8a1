"""The doctor on servers with TLS: how connections are secured, and whether Kafka takes forged tokens, which is tried."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from deploy.local.errors import Unobtainable
from deploy.local.process import HOST, free_port
from services.console.settings import ConsoleSettings
from services.doctor.examination import examine
from services.doctor.findings import Finding, Level
from services.doctor.site import Site
from tests.integration.forging import unsigned
from tests.integration.secured import CLIENT_SECRET, PASSWORD, USER, Provider, SecuredKafka, Shown
from tests.integration.test_secured import CANARY, Place, by_certificate

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.prove]


class CarelessKafka(SecuredKafka):
    """Has a listener besides that looks at no signature: Kafka's own default where no validator is named."""

    careless_port = 0

    @property
    def by_any_token(self) -> str:
        """Host and port of it."""
        return f"{HOST}:{self.careless_port}"

    def _settings(self) -> dict[str, str]:
        self.careless_port = self.careless_port or free_port()
        found = super()._settings()
        place = f",CARELESS://{self.by_any_token}"
        return found | {
            "listeners": found["listeners"] + place,
            "advertised.listeners": found["advertised.listeners"] + place,
            "listener.security.protocol.map": found["listener.security.protocol.map"] + ",CARELESS:SASL_SSL",
            "listener.name.careless.sasl.enabled.mechanisms": "OAUTHBEARER",
            "listener.name.careless.oauthbearer.sasl.jaas.config": (
                'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="nobody";'
            ),
        }


class Careless(Place):
    """Both servers, one of whose listeners takes any token."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        own = Shown(folder / "servers.pem", folder / "servers.key")
        self.kafka: CarelessKafka = CarelessKafka(folder / "kafka", self.authority, own, self.provider)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Careless]:
    place = Careless(tmp_path_factory.mktemp("secured"))
    try:
        with place.kafka, place.redis:
            place.kafka.let_in(USER, PASSWORD)
            yield place
    except Unobtainable as reason:
        pytest.skip(str(reason))
    finally:
        place.provider.close()


async def found_by(place: Careless, changed: Mapping[str, str]) -> Mapping[str, Finding]:
    """The last finding of each check."""
    settings = ConsoleSettings.from_env({**place.variables, **changed})
    found = {one.check: one for one in await examine(Site(settings, ("settlement",)))}
    assert CANARY not in "".join(one.line for one in found.values())
    return found


async def test_tls_and_users_are_told(place: Careless) -> None:
    found = await found_by(place, {})
    assert (found["kafka.security"].level, found["kafka.security"].what) == (Level.OK, "SASL_SSL by SCRAM-SHA-512, TLSv1.3")
    assert (found["redis.security"].level, found["redis.security"].what) == (Level.OK, "user medaid-view, TLS")
    assert "kafka.tokens" not in found


async def test_a_certificate_of_one_s_own_is_told(place: Careless) -> None:
    found = await found_by(place, by_certificate(place, place.authority.sign("ours")))
    assert found["kafka.security"].what == "SSL, TLSv1.3 and a certificate of our own"


def by_token(provider: Provider, kafka: str) -> Mapping[str, str]:
    """Variables of a process that shows tokens."""
    without = {"KAFKA_SASL_USERNAME": "", "KAFKA_SASL_PASSWORD_FILE": "", "KAFKA_BOOTSTRAP_SERVERS": kafka}
    asked = {"TOKEN_URL": f"{provider.url}/token", "CLIENT_ID": USER, "CLIENT_SECRET": CLIENT_SECRET}
    return {**without, "KAFKA_SASL_MECHANISM": "OAUTHBEARER", **{f"KAFKA_SASL_OAUTH_{name}": value for name, value in asked.items()}}


async def test_a_kafka_that_looks_at_signatures_refuses_forged_tokens(place: Careless) -> None:
    found = await found_by(place, by_token(place.provider, place.kafka.by_token))
    assert (found["kafka.security"].level, found["kafka.tokens"].level) == (Level.OK, Level.OK)


async def test_a_kafka_that_takes_any_token_fails(place: Careless) -> None:
    provider = Provider()
    provider.forge = unsigned
    try:
        found = await found_by(place, by_token(provider, place.kafka.by_any_token))
    finally:
        provider.close()
    assert (found["kafka.tokens"].level, "anybody may be anyone" in found["kafka.tokens"].what) == (Level.FAIL, True)
    assert "4.1.2" in found["kafka.tokens"].mend
