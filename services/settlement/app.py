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
)
from schemas.envelope import VALUE_BYTES_MAX, CloudEvent, read_event
from schemas.hospital import ClaimReversed, ClaimSubmitted, check_dates
from schemas.settlement import ReadjudicationRequested, YearBehind
from schemas.times import local_day
from schemas.topics import kept_for_ever, load_topics
from services.policy.declared import own_codes
from services.policy.library import Policies, site_policies
from services.runtime.errors import Refused
from services.runtime.folding import StateFold
from services.runtime.pump import PumpApp, build_app
from services.runtime.records import Record, Want, Writes
from services.runtime.redis_view import RedisView
from services.runtime.rules import Rules
from services.runtime.service import Documents, Holders
from services.runtime.settings import Settings
from services.runtime.topics import topics_of
from services.settlement.adapters import wants
from services.settlement.adapters.documents import decode, encode
from services.settlement.adapters.following import Following, home_told
from services.settlement.adapters.format import FORMAT
from services.settlement.adapters.healing import heal, needed
from services.settlement.domain import Person, check_amounts
from services.settlement.handlers import Data, conclude, decide

Incoming = CloudEvent[Data]
_OURS: Mapping[str, Mapping[str, Any]] = {topic: TYPES_BY_TOPIC[topic] for topic in (TIMELINES, SETTLEMENT_WAITING)}
_TYPES: Mapping[str, Mapping[str, Any]] = {CLAIMS: CLAIM_TYPES, OPERATOR_EVENTS: OPERATOR_TYPES, **_OURS}


class SettlementService:
    """Implements `services.runtime.service.Service`, and `Patient`: a year that could not be settled anew is tried again."""

    name = "settlement"
    format = FORMAT
    inputs: tuple[str, ...] = (TIMELINES, SETTLEMENT_REROUTED, CLAIMS, OPERATOR_EVENTS)
    first: tuple[str, ...] = (TIMELINES,)
    rerouted: str | None = SETTLEMENT_REROUTED
    state_topics: Mapping[str, Literal["end", "committed"]] = {RESULTS: "end", SETTLEMENT_WAITING: "end", TIMELINES: "committed"}
    patience: str = SETTLEMENT_WAITING
    lasting: frozenset[str] = kept_for_ever(*inputs, *state_topics)

    def __init__(self, policies: Policies) -> None:
        self._policies = policies
        self._own = own_codes(policies.current)

    def read(self, record: Record) -> Incoming:
        """Validate a claim, a reversal, a timeline, an operator's request or a year behind.

        Raises:
            Refused: Any reason but a duplicate's, the first that applies.
        """
        bytes_max = None if record.topic in _OURS else VALUE_BYTES_MAX
        event: Incoming = read_event(record.value, record.headers, _TYPES.get(record.topic, CLAIM_TYPES), bytes_max, self._own)
        data = event.data
        if isinstance(data, ClaimSubmitted | ClaimReversed | ReadjudicationRequested):
            if lacking := self._policies.lacking(data.region):
                raise Refused(lacking[0], "data.region", lacking[1])
            _check_source(event.source, data)
        if isinstance(data, ClaimSubmitted):
            check_dates(data, local_day(event.time_ns), self._own)
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

    def is_due_again(self, record: Record) -> bool:
        """Whether it tells of a year behind whose edition is here now."""
        if record.value is None or len((record.key or b"").split(b"/")) != 3:
            return False
        try:
            data = self.read(record).data
        except Refused:  # none of ours; whoever lets it lie there has ruled about it
            return False
        return isinstance(data, YearBehind) and self._policies.has(data.region, data.edition, data.readings)

    def want_healing(self, records: Sequence[Record]) -> Want:
        """What of the persons and years that the records tell of decides how they are brought forward."""
        return Want(needed(records))

    def want_more_healing(self, records: Sequence[Record], documents: Documents) -> None:
        """Nothing: all is known by then."""

    def home_told(self, record: Record) -> str:
        """The person of a result, or of a reversal that waits. Raises: NotOurs."""
        return home_told(record)

    def follow(self, documents: Documents) -> Following:
        """A look at results in the order of the ledger: sequences and revisions without holes."""
        return Following(documents)

    def heal(self, records: Sequence[Record], documents: Documents) -> Writes:
        """Bring them forward by the ledger."""
        return heal(records, documents)


def build(settings: Settings | None = None) -> PumpApp:
    """The app, for `medaid run settlement` and `faststream run services.settlement.app:build --factory`.

    Raises:
        WrongSetting: A variable of the environment cannot be used.
        PolicyError: The folder in MEDAID_POLICIES, or a reading in MEDAID_READINGS, cannot be used.
    """
    chosen = settings or Settings.from_env()
    policies = site_policies(chosen.policies, chosen.readings, spares=True)
    service = SettlementService(policies)

    def view(lanes: int) -> RedisView:
        return RedisView.of(chosen, service.name, service.format, lanes)

    outputs = topics_of(service.name, load_topics())
    return build_app(service, chosen, view, outputs=outputs, rules=Rules(policies.editions(), policies.faulty))


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
