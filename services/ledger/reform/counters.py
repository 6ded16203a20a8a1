"""Limits and deductibles of person-years, as the ledger has them used and as they would be."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from services.ledger.reform.cases import Case, Settled
from services.ledger.reform.sums import Use
from services.policy.dossier import limit_of

Limits = Mapping[str, int | None]


class Counters:
    """The counters of a region under two policies."""

    def __init__(self, today: Case, case: Case) -> None:
        self._cases = (today, case)
        self._limits: dict[tuple[int, str | None, date], Limits] = {}

    def add(self, uses: dict[str, Use], before: Sequence[Settled], after: Sequence[Settled]) -> bool:
        """Count a person-year.

        Returns:
            Whether its results name an edition that does not run.
        """
        bound_now = {limited_by for one in before for _, _, limited_by in one.known.parts if limited_by}
        bound_then = {payment.limited_by for one in after if one.settlement.chosen for payment in one.settlement.chosen.payments}
        for place, used, bound, settled in ((0, _now(before), bound_now, before), (1, _then(after), bound_then, after)):
            limits = self._limits_of(place, settled) if settled else {}
            for name, fen in used.items():
                if fen or name in bound:
                    use = uses.get(name)
                    if use is None:
                        use = uses[name] = Use()
                    limit_fen = limits.get(name)
                    use.used[place] += fen > 0
                    use.met[place] += limit_fen is not None and fen >= limit_fen
                    use.bound[place] += name in bound
                    use.fen[place] += fen
        newest = next((one for one in reversed(before) if one.known.edition), None)
        return newest is not None and not self._cases[0].policy_of(newest.claim.date).is_edition(newest.known.edition)

    def _limits_of(self, place: int, settled: Sequence[Settled]) -> Limits:
        """The limits that the person met last."""
        last = next((one for one in reversed(settled) if _category(place, one)), settled[-1])
        key = place, _category(place, last), last.claim.date
        if key not in self._limits:
            self._limits[key] = dict(self._read(*key))
        return self._limits[key]

    def _read(self, place: int, category: str | None, day: date) -> Iterator[tuple[str, int | None]]:
        file = self._cases[place].policy_of(day).file
        for name, pool in file.pools.items():
            yield name, limit_of(file, name, category, day) if pool.limit_yuan else None


def _category(place: int, one: Settled) -> str | None:
    chosen = one.settlement.chosen
    return one.known.category if place == 0 else chosen.category if chosen else None


def _now(before: Sequence[Settled]) -> Mapping[str, int]:
    """As the newest result of the year has them."""
    return max(before, key=lambda one: one.known.at).known.counters if before else {}


def _then(after: Sequence[Settled]) -> Mapping[str, int]:
    """After the last claim; two files of a year may know other counters."""
    if not after:
        return {}
    last = after[-1].settlement.counters
    if all(one.settlement.counters.keys() <= last.keys() for one in after):
        return last
    return {name: fen for one in after for name, fen in one.settlement.counters.items()}
