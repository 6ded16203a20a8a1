"""What a figure by class is for one class on one day: limits, deductibles, lump sums. Amounts in fen."""

from datetime import date

from services.policy.model import PolicyFile
from services.policy.parts import ByClassFigures, fen_at


def fen_of_class(file: PolicyFile, figures: ByClassFigures, klass: str | None, day: date) -> int | None:
    """The figure of a class on a day; None where it has none, or none has begun."""
    dated = figures.get(klass or "", figures.get("default"))
    if dated is None or min(dated) > day:
        return None
    return fen_at(dated, day, file.figures)


def limit_fen(file: PolicyFile, pool: str, klass: str | None, day: date) -> int | None:
    """The yearly limit of a pool as a class meets it on a day; None where it only counts, or the class has none."""
    return fen_of_class(file, file.pools[pool].limit_yuan or {}, klass, day)
