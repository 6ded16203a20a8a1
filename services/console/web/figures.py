"""What lists and pages show of a warning: whose it is, its measure and threshold. Amounts of a person are shown in clear alone."""

import re
from collections.abc import Mapping, Sequence
from datetime import date

from schemas.money import fen_of_sum
from services.console.domain import places
from services.console.web.masks import HIDDEN
from services.console.web.room import Visit
from services.console.web.words import say
from services.console.web.writing import yuan_grouped

_AMOUNT = re.compile(r"-?\d+\.\d\d")


def named(visit: Visit, warning_id: str) -> Mapping[str, str]:
    """What a list shows of a warning's subject: a hospital by its id, a person by his pseudonym; and the addresses of both."""
    kind, region, subject, year = warning_id.split("/")[:4]
    of_hospital = kind in places.HOSPITAL_KINDS
    return {
        "kind": kind,
        "region": region,
        "year": year,
        "subject": subject if of_hospital else visit.room.masks.pseudonym(subject),
        "address": f"/warnings/{visit.room.masks.token('warning', warning_id)}",
        "person": "" if of_hospital else f"/persons/{visit.room.masks.token('person', subject)}",
    }


def figure_of(warning_id: str, figure: Sequence[str], *, is_clear: bool) -> str:
    """A measure or threshold's value: an amount of a person only in clear."""
    if not _AMOUNT.fullmatch(figure[1]):
        return figure[1]
    is_personal = warning_id.partition("/")[0] not in places.HOSPITAL_KINDS
    return HIDDEN if is_personal and not is_clear else yuan_grouped(fen_of_sum(figure[1]))


def figure_name(visit: Visit, warning_id: str, name: str) -> str:
    """What a measure or threshold is called: of a limit as the city's policy calls it."""
    _, region, _, year, *_ = warning_id.split("/")
    known = visit.room.policies
    pools = known.nearest(region, date(int(year), 12, 31)).file.pools if region in known.current else {}
    pool = pools.get(name.removesuffix("_used").removesuffix("_limit"))
    return visit.speech.label(pool.label) if pool else say(visit.speech, f"measure.{name}")
