"""The real services; settlement meets a claim that it cannot decide, which no input of the real one provokes."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from schemas.hospital import ClaimSubmitted
from services.console.service import ConsoleService
from services.ledger.services import all_services
from services.runtime.records import Writes
from services.runtime.service import AnyService, Documents, Emission, Fold, Holders
from services.settlement.app import SettlementService
from tests.simulation.feed import POISON, policies
from tests.unit.console.world import decoded, normal


class _Fold:
    """A fold that fails on poison."""

    def __init__(self, inner: Fold[Any]) -> None:
        self._inner = inner

    def decide(self, event: Any) -> Sequence[Emission] | None:
        if isinstance(event.data, ClaimSubmitted) and event.data.claim_id.startswith(POISON):
            raise ZeroDivisionError(POISON)
        return self._inner.decide(event)

    def conclude(self, home: str) -> Sequence[Emission]:
        return self._inner.conclude(home)

    def writes(self) -> Writes:
        return self._inner.writes()


class Poisonable(SettlementService):
    """Settlement."""

    def fold(self, documents: Documents, holders: Holders) -> Any:
        return _Fold(super().fold(documents, holders))


@cache
def speakers() -> tuple[AnyService, ...]:
    """Those that write, as replay has them. They hold no state of a run."""
    poisonable = Poisonable(policies())
    return tuple(poisonable if service.name == poisonable.name else service for service in all_services(policies()))


@cache
def services() -> tuple[AnyService, ...]:
    """All of them: the console listens to the others."""
    return (*speakers(), ConsoleService(policies()))


def comparable(service: AnyService, documents: Mapping[str, Mapping[str, bytes]]) -> Mapping[str, Mapping[str, Any]]:
    """Documents of a view so that two of the same topics are equal; the console's indexes are in the order of arrival."""
    return normal(decoded(documents)) if isinstance(service, ConsoleService) else documents
