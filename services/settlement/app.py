"""Settlement, wired: what its lanes run, and the FastStream app around them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from schemas.catalogue import (
    CLAIM_TYPES,
    CLAIMS,
    OPERATOR_EVENTS,
    OPERATOR_TYPES,
    RESULTS,
    SETTLEMENT_REROUTED,
    SETTLEMENT_WAITING,
    TIMELINES,
    TYPES_BY_TOPIC,
    dead_letters_of,
)
from schemas.envelope import VALUE_BYTES_MAX, CloudEvent, read_event
from schemas.hospital import ClaimReversed, ClaimSubmitted, check_dates
from schemas.settlement import ReadjudicationRequested
from schemas.times import local_day
from services.policy.library import Policies, load_policies, switched_from_text
from services.runtime.errors import Refused
from services.runtime.folding import StateFold
from services.runtime.pump import PumpApp, build_app
from services.runtime.records import Record, Want, Writes
from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView
from services.runtime.service import Documents, Holders
from services.runtime.settings import Settings
from services.settlement.adapters import wants
from services.settlement.adapters.documents import decode, encode
from services.settlement.adapters.healing import heal, needed
from services.settlement.domain import Person, check_amounts
from services.settlement.handlers import Data, conclude, decide

Incoming = CloudEvent[Data]
_TYPES: Mapping[str, Mapping[str, Any]] = {CLAIMS: CLAIM_TYPES, OPERATOR_EVENTS: OPERATOR_TYPES, TIMELINES: TYPES_BY_TOPIC[TIMELINES]}


class SettlementService:
    """Implements `services.runtime.service.Service`."""

    name = "settlement"
    inputs: tuple[str, ...] = (TIMELINES, SETTLEMENT_REROUTED, CLAIMS, OPERATOR_EVENTS)
    first: tuple[str, ...] = (TIMELINES,)
    rerouted: str | None = SETTLEMENT_REROUTED
    state_topics: Mapping[str, Literal["end", "committed"]] = {RESULTS: "end", SETTLEMENT_WAITING: "end", TIMELINES: "committed"}

    def __init__(self, policies: Policies) -> None:
        self._policies = policies

    def read(self, record: Record) -> Incoming:
        """Validate a claim, a reversal, a timeline or an operator's request.

        Raises:
            Refused: Any reason but a duplicate's, the first that applies.
        """
        bytes_max = None if record.topic == TIMELINES else VALUE_BYTES_MAX
        event: Incoming = read_event(record.value, record.headers, _TYPES.get(record.topic, CLAIM_TYPES), bytes_max)
        data = event.data
        if isinstance(data, ClaimSubmitted | ClaimReversed | ReadjudicationRequested):
            if data.region not in self._policies.current:
                raise Refused("unknown_region", "data.region", "one of " + ", ".join(self._policies.regions()))
            _check_source(event.source, data)
        if isinstance(data, ClaimSubmitted):
            check_dates(data, local_day(event.time_ns))
            check_amounts(self._policies, data)
        return event

    def want(self, events: Sequence[Incoming]) -> Want:
        """Counters and claim records for claims, whole persons for what may change their past; claim keys booked."""
        return wants.first(self._policies, events)

    def want_more(self, events: Sequence[Incoming], documents: Documents, holders: Holders) -> Want | None:
        """Whole years, for every event that may change them."""
        return wants.more(self._policies, events, documents, holders)

    def fold(self, documents: Documents, holders: Holders) -> StateFold[Incoming, Person]:
        """A fold over the persons loaded."""
        by_home: dict[str, dict[str, Any]] = {}
        for key, document in documents.items():
            by_home.setdefault(key.split("/")[1], {})[key] = document
        return StateFold(
            lambda home: decode(home, by_home[home], holders),
            lambda person, event: decide(self._policies, person, event),
            encode,
            lambda person: conclude(self._policies, person),
        )

    def want_healing(self, records: Sequence[Record]) -> Want:
        """What of the persons and years that the records tell of decides how they are brought forward."""
        return Want({key: fields for record in records for key, fields in needed(record).items()})

    def want_more_healing(self, records: Sequence[Record], documents: Documents) -> None:
        """Nothing: all is known by then."""

    def heal(self, records: Sequence[Record], documents: Documents) -> Writes:
        """Bring them forward by the ledger."""
        return heal(records, documents)


def build(settings: Settings | None = None) -> PumpApp:
    """The app, for `medaid run settlement` and `faststream run services.settlement.app:build --factory`.

    Raises:
        WrongSetting: A variable of the environment cannot be used.
        PolicyError: A policy file, or a reading in MEDAID_READINGS, cannot be used.
    """
    chosen = settings or Settings.from_env()
    service = SettlementService(load_policies(switched=switched_from_text(chosen.readings)))

    def view(lanes: int) -> RedisView:
        return RedisView(connect(chosen.redis_url), f"{chosen.prefix}medaid:settlement:", lanes, chosen.redis_deadline_ms / 1000)

    return build_app(service, chosen, view, outputs=[dead_letters_of(topic) for topic in service.inputs])


def _check_source(source: str, data: ClaimSubmitted | ClaimReversed | ReadjudicationRequested) -> None:
    """Whether the event comes from the hospital or operator that it names.

    Raises:
        Refused: `source_mismatch`.
    """
    if isinstance(data, ReadjudicationRequested):
        if source != f"/operators/{data.operator}":
            raise Refused("source_mismatch", "source", "/operators/<operator of data>")
    elif source != f"/hospitals/{data.hospital_id}":
        raise Refused("source_mismatch", "source", "/hospitals/<hospital_id of data>")
