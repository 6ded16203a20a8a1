"""What monitoring knows of a hospital: each claim's share in a region's year, the sums, and whether they leave too much to assisted persons. Pure.

The sums are kept beside the shares and moved by differences, so that a year of many thousand stays costs a claim no more than a year of ten.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from schemas.codes import WarningLevel
from schemas.monitoring import HospitalShare
from services.monitoring.domain import wording
from services.monitoring.domain.facts import YearKey
from services.monitoring.domain.thresholds import figure
from services.monitoring.domain.warnings import EVIDENCE_MAX, Due, Figure, Said
from services.monitoring.domain.watch import Watch, share_bp, share_text, year_end
from services.policy.loader import Policy


@dataclass(frozen=True, slots=True)
class Share:
    """One claim's part, of its newest revision; of a stay that does not count nothing."""

    revision: int = -1
    stays: int = 0
    burden_fen: int = 0
    scope_fen: int = 0


@dataclass(frozen=True, slots=True)
class HospitalYear:
    """The sums of a region's year; `newest` are settlement ids of the stays told last, at most 50."""

    stays: int = 0
    burden_fen: int = 0
    scope_fen: int = 0
    newest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hospital:
    """All that monitoring knows of a hospital.

    Attributes:
        shares: By claim key; only those that were loaded.
        years: By region and year.
        said: By warning id.
    """

    hospital_id: str
    shares: Mapping[str, Share] = field(default_factory=dict)
    years: Mapping[YearKey, HospitalYear] = field(default_factory=dict)
    said: Mapping[str, Said] = field(default_factory=dict)


def observe(hospital: Hospital, told: HospitalShare) -> Hospital:
    """The hospital after a share; the very same where the revision is not newer. The claim's known share has been loaded."""
    known = hospital.shares.get(told.claim, Share())
    if told.revision <= known.revision:
        return hospital
    share = Share(told.revision, 1, told.burden, told.policy_scope) if told.counted else Share(told.revision)
    key = (told.region, told.year)
    year = hospital.years.get(key, HospitalYear())
    newest = [name for name in year.newest if name.rpartition("/")[0] != told.claim]
    if told.counted:
        newest.append(f"{told.claim}/{told.revision}")
    year = HospitalYear(
        year.stays + share.stays - known.stays,
        year.burden_fen + share.burden_fen - known.burden_fen,
        year.scope_fen + share.scope_fen - known.scope_fen,
        tuple(newest[-EVIDENCE_MAX:]),
    )
    return replace(hospital, shares={**hospital.shares, told.claim: share}, years={**hospital.years, key: year})


def due(watch: Watch, hospital: Hospital) -> Iterator[Due]:
    """The ratio of each region's year."""
    for (region, number), year in hospital.years.items():
        policy = watch.policy(region, year_end(number))
        reached = _level(watch, policy, number, year) if policy else None
        if policy is None or policy.file.hospital_ratio is None or reached is None:
            continue
        level, limit_bp = reached
        ratio, limit = share_text(share_bp(year.burden_fen, year.scope_fen)), share_text(limit_bp)
        yield Due(
            kind="hospital_self_pay_ratio",
            region=region,
            subject=hospital.hospital_id,
            year=number,
            detail="",
            level=level,
            audience=policy.file.early_warning.audience,
            measure=Figure(name="self_pay_ratio", value=ratio),
            threshold=Figure(name="self_pay_ratio", value=limit),
            message=partial(wording.hospital_ratio, year.stays, year.burden_fen, year.scope_fen, ratio, limit),
            clause=policy.file.hospital_ratio.clause,
            evidence=year.newest,
        )


def _level(watch: Watch, policy: Policy, number: int, year: HospitalYear) -> tuple[WarningLevel, int] | None:
    """The level that the year's share has passed, and the share (basis points) that it passed."""
    ratio, figures, end = policy.file.hospital_ratio, watch.thresholds.hospital_ratio.of(policy.file.id), year_end(number)
    stays_min = figure(figures.stays_min, end)
    if ratio is None or stays_min is None or year.stays < stays_min or not year.scope_fen:
        return None
    levels: tuple[tuple[WarningLevel, int | None], ...] = (
        ("critical", figure(figures.critical_percent, end)),
        ("warning", figure(ratio.limit_percent, end)),
    )
    for level, limit_bp in levels:
        if limit_bp is not None and year.burden_fen * 10_000 > year.scope_fen * limit_bp:
            return level, limit_bp
    return None
