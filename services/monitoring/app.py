"""Monitoring, wired: what its lanes run, and the FastStream app around them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from schemas.catalogue import ACTIONS, HOSPITAL_SHARES, RESULTS, SETTLEMENT_WAITING, TIMELINES, WARNING_TYPES, WARNINGS
from schemas.monitoring import HospitalShare
from schemas.topics import kept_for_ever, load_topics
from services.monitoring.adapters.documents import decode_hospital, decode_person, encode_hospital, encode_person, wanted
from services.monitoring.adapters.format import FORMAT
from services.monitoring.adapters.healing import heal, touched
from services.monitoring.adapters.reading import REFUSED_CLAIMS, observe
from services.monitoring.adapters.threshold_files import load_thresholds
from services.monitoring.domain.facts import Person
from services.monitoring.domain.hospitals import Hospital
from services.monitoring.domain.observed import Observation
from services.monitoring.domain.watch import Watch
from services.monitoring.handlers import SOURCE, decide_hospital, decide_person
from services.policy.library import Policies, site_policies
from services.runtime.folding import StateFold
from services.runtime.pump import PumpApp, build_app
from services.runtime.records import Record, Want, Writes
from services.runtime.redis_view import RedisView
from services.runtime.rules import Rules
from services.runtime.service import Consequence, Documents, Holders
from services.runtime.settings import Settings
from services.runtime.strays import event_of
from services.runtime.topics import topics_of


class MonitoringFold:
    """The decisions of one batch. Persons and hospitals are told apart, for an id may be both."""

    def __init__(self, watch: Watch, documents: Documents) -> None:
        """A fold over what was loaded."""
        self._persons: StateFold[Observation, Person] = StateFold(
            lambda home: decode_person(home, documents), lambda person, seen: decide_person(watch, person, seen), encode_person
        )
        self._hospitals: StateFold[Observation, Hospital] = StateFold(
            lambda home: decode_hospital(home, documents), lambda hospital, seen: decide_hospital(watch, hospital, seen), encode_hospital
        )

    def decide(self, event: Observation) -> Sequence[Consequence] | None:
        """What `event` leads to."""
        return (self._hospitals if isinstance(event.data, HospitalShare) else self._persons).decide(event)

    def conclude(self, home: str) -> Sequence[Consequence]:
        """Nothing: every decision tells all."""
        return ()

    def writes(self) -> Writes:
        """All changes so far."""
        return Writes({**self._persons.writes().documents, **self._hospitals.writes().documents})


class MonitoringService:
    """Implements `services.runtime.service.Service`.

    Timelines first: a lane that heals knows them before it looks at results, so that nothing is said of a person whose status it has yet to read.
    Operators' actions are no state topic: what they closed lies in the warnings that were resolved, and how much of it.
    """

    name = "monitoring"
    format = FORMAT
    inputs: tuple[str, ...] = (TIMELINES, RESULTS, SETTLEMENT_WAITING, HOSPITAL_SHARES, REFUSED_CLAIMS, ACTIONS)
    first: tuple[str, ...] = (TIMELINES,)
    rerouted: str | None = None
    state_topics: Mapping[str, Literal["end", "committed"]] = {
        TIMELINES: "committed",
        RESULTS: "committed",
        SETTLEMENT_WAITING: "committed",
        HOSPITAL_SHARES: "committed",
        REFUSED_CLAIMS: "committed",
        WARNINGS: "end",
    }
    lasting: frozenset[str] = kept_for_ever(*inputs, *state_topics)

    def __init__(self, policies: Policies, *, spares: bool = False) -> None:
        """A service for a site's policies, as they stand today, and the thresholds beside them.

        Args:
            policies: As they stand today.
            spares: A region's thresholds that have faults cost that region its warnings, and nobody else.

        Raises:
            PolicyError: A fault in the thresholds.
        """
        self._policies = policies
        self.thresholds = load_thresholds(policies, spares=spares)
        self._watch = Watch(policies, self.thresholds.thresholds, frozenset({*policies.faulty, *self.thresholds.faulty}))

    def read(self, record: Record) -> Observation:
        """What a record tells. Raises: Refused, except of a dead letter."""
        return observe(self._policies, record)

    def want(self, events: Sequence[Observation]) -> Want:
        """The persons' and hospitals' documents."""
        return Want(wanted(events))

    def want_more(self, events: Sequence[Observation], documents: Documents, holders: Holders) -> None:
        """Nothing: all is known by then."""

    def fold(self, documents: Documents, holders: Holders) -> MonitoringFold:
        """A fold over the persons and hospitals loaded."""
        return MonitoringFold(self._watch, documents)

    def want_healing(self, records: Sequence[Record]) -> Want:
        """The persons and hospitals that the records tell of."""
        return Want(touched(self._policies, records))

    def want_more_healing(self, records: Sequence[Record], documents: Documents) -> None:
        """Nothing: all is known by then."""

    def home_told(self, record: Record) -> None:
        """A warning may be about anybody whom what was read named. Raises: NotOurs, it is none of ours."""
        event_of(record, SOURCE, WARNING_TYPES)

    def follow(self, documents: Documents) -> Callable[[Record], None]:
        """Nothing to follow: what was said first, in another lane perhaps, is known by its number."""
        return lambda record: None

    def heal(self, records: Sequence[Record], documents: Documents) -> Writes:
        """Bring them forward by what was read and said."""
        return heal(self._policies, records, documents)


def build(settings: Settings | None = None) -> PumpApp:
    """The app, for `medaid run monitoring` and `faststream run services.monitoring.app:build --factory`.

    Raises:
        WrongSetting: A variable of the environment cannot be used.
        PolicyError: The folder in MEDAID_POLICIES, the `thresholds.yaml` in it, or a reading in MEDAID_READINGS cannot be used.
    """
    chosen = settings or Settings.from_env()
    policies = site_policies(chosen.policies, chosen.readings, spares=True)
    service = MonitoringService(policies, spares=True)
    rules = Rules(policies.editions(), {**policies.faulty, **service.thresholds.faulty}, service.thresholds.notes(policies))

    def view(lanes: int) -> RedisView:
        return RedisView.of(chosen, service.name, service.format, lanes)

    return build_app(service, chosen, view, outputs=topics_of(service.name, load_topics()), rules=rules)
