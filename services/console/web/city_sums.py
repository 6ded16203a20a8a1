"""A city's year: the lanes' sums added up, by month, category, component, district, reason and hospital. Amounts in fen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.console.domain import places
from services.console.domain.warnings import LEVELS
from services.console.web.shelf import Shelf, added

NEAR_KINDS = ("annual_limit_near", "annual_limit_reached")


class Sum(NamedTuple):
    """Claims, how many of them were assisted, self-pay, and what the fund pays by component."""

    claims: int = 0
    assisted: int = 0
    self_pay: int = 0
    direct: int = 0
    above_cap: int = 0
    reassistance: int = 0
    tilt: int = 0

    @property
    def assistance(self) -> int:
        """What the fund pays together."""
        return sum(self[3:])

    def plus(self, other: "Sum") -> "Sum":
        """Both together."""
        return Sum(*(one + two for one, two in zip(self, other, strict=True)))


class HospitalYear(NamedTuple):
    """A hospital's claims, what the fund pays there, and of the stays that count their number, burden and policy-scope amount."""

    hospital: str
    claims: int
    assistance: int
    stays: int
    burden: int
    scope: int

    @property
    def ratio_bp(self) -> int | None:
        """Burden as a share of the policy-scope amount, basis points, rounded half up; None where nothing counts."""
        return (10_000 * self.burden + self.scope // 2) // self.scope if self.scope else None


@dataclass(frozen=True, slots=True)
class CityYear:
    """What a city's page shows."""

    total: Sum
    months: Mapping[str, Sum]
    categories: Mapping[str, Sum]
    districts: Mapping[str, Sequence[int]]
    reasons: Mapping[str, int]
    people: int
    assisted_people: int
    hospitals: Sequence[HospitalYear]
    near: Mapping[str, int]
    years: Sequence[int]


async def years_of(shelf: Shelf, region: str) -> Sequence[int]:
    """The years with claims, the newest first."""
    field = f"years:{region}"
    documents = await shelf.read({places.last(lane): (field,) for lane in shelf.lanes})
    return sorted({year for fields in documents.values() for year in fields.get(field, ())}, reverse=True)


async def city_year(shelf: Shelf, region: str, year: int) -> CityYear:
    """The year of a region. It reads three documents a lane, besides the list of its years."""
    lanes = shelf.lanes
    sums = [places.year(lane, region, year) for lane in lanes]
    hospitals = [places.hospitals(lane, region, year) for lane in lanes]
    heads = [places.heads(lane, region) for lane in lanes]
    found = await shelf.read(dict.fromkeys([*sums, *hospitals, *heads]))
    cells = added(found[key] for key in sums)
    people, assisted_people = cells.get("p", (0, 0))
    months: dict[str, Sum] = {}
    categories: dict[str, Sum] = {}
    total = Sum()
    for field, amounts in sorted(cells.items()):
        if field.startswith("m:"):
            month, _, category = field[2:].partition("/")
            cell = Sum(*amounts)
            total = total.plus(cell)
            months[month] = months.get(month, Sum()).plus(cell)
            categories[category] = categories.get(category, Sum()).plus(cell)
    return CityYear(
        total,
        months,
        categories,
        {field[2:]: amounts for field, amounts in sorted(cells.items()) if field.startswith("d:")},
        {field[2:]: amounts[0] for field, amounts in cells.items() if field.startswith("r:")},
        people,
        assisted_people,
        sorted((HospitalYear(name, *cell) for name, cell in added(found[key] for key in hospitals).items()), key=_worst_first),
        _near(found, heads, region, year),
        await years_of(shelf, region),
    )


def _worst_first(hospital: HospitalYear) -> tuple[int, str]:
    return -(hospital.ratio_bp or 0), hospital.hospital


def _near(found: Mapping[str, Mapping[str, Sequence[int]]], heads: Sequence[str], region: str, year: int) -> Mapping[str, int]:
    """How many limits are near or reached, by the warnings that stand, whatever operators did with them."""
    near = dict.fromkeys(NEAR_KINDS, 0)
    for kind in NEAR_KINDS:
        for level in LEVELS:
            for state in ("open", "acknowledged", "closed"):
                for document in heads:
                    first, following = found[document].get(f"{region}/{year}/{kind}/{level}/{state}", (0, 0))
                    near[kind] += following - first
    return near
