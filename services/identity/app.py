"""Identity, wired: what its lanes run, and the FastStream app around them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from schemas.catalogue import (
    ADMISSION_TYPES,
    ADMISSIONS,
    ASSESSMENTS,
    IDENTITY_EVENTS,
    IDENTITY_REROUTED,
    IDENTITY_WAITING,
    STATUS_TYPES,
    SUBSIDIES,
    TIMELINES,
)
from schemas.envelope import CloudEvent, read_event
from schemas.hospital import AdmissionClosed, AdmissionOpened
from schemas.times import local_day
from schemas.topics import kept_for_ever, load_topics
from services.identity.adapters import FORMAT, Following, decode, document_key, encode, heal, home_told, person_of
from services.identity.domain.authority import check_admission, check_status
from services.identity.domain.consequences import Person
from services.identity.handlers import Data, conclude, decide
from services.policy.library import Policies, site_policies
from services.runtime.folding import StateFold
from services.runtime.pump import PumpApp, build_app
from services.runtime.records import Record, Want, Writes
from services.runtime.redis_view import RedisView
from services.runtime.rules import Rules
from services.runtime.service import Documents, Holders
from services.runtime.settings import Settings
from services.runtime.topics import topics_of

Incoming = CloudEvent[Data]


class IdentityService:
    """Implements `services.runtime.service.Service`."""

    name = "identity"
    format = FORMAT
    inputs: tuple[str, ...] = (IDENTITY_REROUTED, IDENTITY_EVENTS, ADMISSIONS)
    first: tuple[str, ...] = ()
    rerouted: str | None = IDENTITY_REROUTED
    state_topics: Mapping[str, Literal["end", "committed"]] = {
        TIMELINES: "end",
        SUBSIDIES: "end",
        ASSESSMENTS: "end",
        IDENTITY_WAITING: "end",
    }
    lasting: frozenset[str] = kept_for_ever(*inputs, *state_topics)

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def read(self, record: Record) -> Incoming:
        """Validate an agency's event or an admission. Raises: Refused."""
        types: Mapping[str, Any] = ADMISSION_TYPES if record.topic == ADMISSIONS else STATUS_TYPES
        event: Incoming = read_event(record.value, record.headers, types)
        if isinstance(event.data, AdmissionOpened | AdmissionClosed):
            check_admission(self._policies, event.source, event.data)
        else:
            check_status(self._policies, event.source, event.data, local_day(event.time_ns))
        return event

    def want(self, events: Sequence[Incoming]) -> Want:
        """The persons' documents."""
        return Want({document_key(event.home): None for event in events})

    def want_more(self, events: Sequence[Incoming], documents: Documents, holders: Holders) -> None:
        """Nothing: a person is one document."""

    def fold(self, documents: Documents, holders: Holders) -> StateFold[Incoming, Person]:
        """A fold over the persons loaded."""
        return StateFold(
            lambda home: decode(home, documents[document_key(home)]),
            lambda person, event: decide(self._policies, person, event),
            encode,
            lambda person: conclude(self._policies, person),
        )

    def want_healing(self, records: Sequence[Record]) -> Want:
        """The persons that the records tell of."""
        return Want({document_key(person_of(record)): None for record in records})

    def want_more_healing(self, records: Sequence[Record], documents: Documents) -> None:
        """Nothing: a person is one document."""

    def home_told(self, record: Record) -> str:
        """The person of a timeline, subsidy or assessment, or of a discharge that waits. Raises: NotOurs."""
        return home_told(record)

    def follow(self, documents: Documents) -> Following:
        """A look at timelines, subsidies and assessments in their order."""
        return Following(documents)

    def heal(self, records: Sequence[Record], documents: Documents) -> Writes:
        """Bring the persons forward by what we told of them."""
        return heal(records, documents)


def build(settings: Settings | None = None) -> PumpApp:
    """The app, for `medaid run identity` and `faststream run services.identity.app:build --factory`.

    Raises:
        WrongSetting: A variable of the environment cannot be used.
        PolicyError: The folder in MEDAID_POLICIES, or a reading in MEDAID_READINGS, cannot be used.
    """
    chosen = settings or Settings.from_env()
    policies = site_policies(chosen.policies, chosen.readings, spares=True)
    service = IdentityService(policies)

    def view(lanes: int) -> RedisView:
        return RedisView.of(chosen, service.name, service.format, lanes)

    outputs = topics_of(service.name, load_topics())
    return build_app(service, chosen, view, outputs=outputs, rules=Rules(policies.editions(), policies.faulty))
