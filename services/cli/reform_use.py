"""What the files and options of `medaid reform` mean: all of it is looked at before anything is read of the ledger."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from services.cli.failure import Exit, Failure, refuse
from services.ledger.reform.cases import Case
from services.ledger.reform.given import Patch, from_patch, from_whole, is_patch, patch_in, readings_text, region_in, today
from services.ledger.reform.sites import policies_of, thresholds_of
from services.ledger.reform.sources import FileLedger, Ledger, kafka_ledger
from services.monitoring.domain.thresholds import Thresholds
from services.policy.library import Policies, Source, switched_from_text
from services.policy.tree import PolicyError, Reading, ReadingError, Tree, parse
from services.runtime.settings import Settings

Given = tuple[Path, str, Tree]


def site_of(settings: Settings, folder: Path | None) -> tuple[Policies, Thresholds]:
    """The policies and thresholds as they run.

    Args:
        settings: Of this process.
        folder: The site's policy files, instead of those that the settings name.

    Raises:
        Failure: A reading in MEDAID_READINGS that is none, or files with faults, each of them told.
    """
    named = settings.model_copy(update={"policies": str(folder)}) if folder else settings
    try:
        policies = policies_of(named)
        return policies, thresholds_of(policies)
    except ReadingError as error:
        raise Failure(Exit.USAGE, f"MEDAID_READINGS: {str(error).splitlines()[0]}") from None
    except PolicyError as error:
        refuse(str(error).splitlines())


def sought_in(path: str | None, budget: str | None) -> tuple[str, str] | None:
    """The figure that is sought, and the budget.

    Raises:
        Failure: Only one of the two is given.
    """
    if path is None and budget is None:
        return None
    if path is None or budget is None:
        raise Failure(Exit.USAGE, "--solve and --budget: expected both, or neither")
    return path, budget


def ledger_of(source: str, settings: Settings) -> Ledger:
    """The ledger that an option names.

    Raises:
        Declined: A file that holds something else.
        Failure: Redis, or a file that cannot be read.
        Doubt: Kafka is away.
    """
    if source == "redis":
        raise Failure(Exit.USAGE, "--from redis: expected FILE or kafka, for Redis holds no results")
    if source == "kafka":
        return kafka_ledger(settings)
    try:
        return FileLedger(Path(source)).check()
    except OSError as error:
        raise Failure(Exit.REFUSED, f"--from {source}: cannot be read: {error.strerror}") from None


def cases_of(
    policies: Policies, files: Sequence[Path], region: str | None, readings: Sequence[str] | None, year: int | None, *, is_sought: bool
) -> tuple[Case, Sequence[Case]]:
    """The policy of today, and what is to be tried.

    Raises:
        Failure: Nothing is to be tried, files of several regions, faults in one.
        Misnamed: There is no such region.
    """
    switched = _switched(readings)
    if not files and not switched and not is_sought:
        raise Failure(Exit.USAGE, "expected a FILE, --readings or --solve: there is nothing to be tried")
    if is_sought and len(files) > 1:
        raise Failure(Exit.USAGE, "--solve: expected one FILE at most")
    given = [_read(path) for path in files]
    base = today(policies, _region(given, region, switched))
    if switched.keys() - {base.region}:
        raise Failure(Exit.USAGE, f"--readings: expected readings of {base.region}")
    own = switched.get(base.region, {})
    try:
        if not files:
            return base, [from_patch(base, Patch(readings_text(own) or "today", {}, own))]
        return base, [_case(base, path, text, tree, year, own) for path, text, tree in given]
    except PolicyError as error:
        _refuse(error)


def _case(base: Case, path: Path, text: str, tree: Tree, year: int | None, readings: Mapping[str, Reading]) -> Case:
    """What one file tries.

    Raises:
        PolicyError: Faults in it.
        Misnamed: It is of another region, or of no day of the year.
    """
    if is_patch(tree):
        _, patch = patch_in(tree)
        return from_patch(base, patch._replace(readings={**patch.readings, **readings}))
    beside = path.with_suffix(".designated.yaml")
    designated = beside.read_text("utf-8") if beside.exists() else None
    return from_whole(base, Source(str(path), text, designated), year, readings)


def _read(path: Path) -> Given:
    """A file, and what stands in it.

    Raises:
        Failure: It cannot be read.
    """
    try:
        text = path.read_text("utf-8")
        return path, text, parse(str(path), text)
    except UnicodeDecodeError:
        refuse([f"{path}:1: (file): UTF-8"])
    except OSError as error:
        raise Failure(Exit.REFUSED, f"{path}: cannot be read: {error.strerror}") from None
    except PolicyError as error:
        _refuse(error)


def _region(given: Sequence[Given], region: str | None, switched: Mapping[str, object]) -> str:
    """The one region that all is about.

    Raises:
        Failure: There are several, or none is named.
    """
    named = dict.fromkeys([*([region] if region else []), *filter(None, (region_in(tree) for _, _, tree in given))])
    found = list(named or switched)
    if len(found) != 1:
        raise Failure(
            Exit.USAGE,
            f"--region: expected one region for all, {' and '.join(found)} are named" if found else "--region: expected a region",
        )
    return found[0]


def _switched(readings: Sequence[str] | None) -> Mapping[str, Mapping[str, Reading]]:
    try:
        return switched_from_text(",".join(readings or []))
    except PolicyError as error:
        raise Failure(Exit.USAGE, f"--readings: {str(error).splitlines()[0]}") from None


def _refuse(error: PolicyError) -> NoReturn:
    refuse(str(error).splitlines())
