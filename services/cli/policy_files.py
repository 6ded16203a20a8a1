"""What is wrong with policy files: of one, or of a site's whole folder. For `medaid policy check`."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from services.monitoring.adapters.threshold_files import load_thresholds
from services.policy.library import SHIPPED, Policies, load_policies
from services.policy.loader import Policy
from services.policy.sources import Source, read_folder, source_of
from services.policy.tree import PolicyError, reading_text


@dataclass
class Checked:
    """What was found.

    Attributes:
        faults: A line each.
        right: Files without a fault, by name, and their policies.
        notes: What is no fault, and may be an oversight.
    """

    faults: list[str] = field(default_factory=list)
    right: list[tuple[str, Policy]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def faults_of_file(path: Path) -> Checked:
    """One file, with the list of hospitals beside it."""
    checked = Checked()
    try:
        _check(source_of(path), checked)
    except PolicyError as error:
        checked.faults += str(error).splitlines()
    for _, policy in checked.right:
        region = policy.file.id
        if not path.resolve().is_relative_to(SHIPPED) and not path.with_name(f"{region}.thresholds.yaml").exists():
            alone = Policies({region: (policy,)}, own=frozenset({region}))
            checked.notes += load_thresholds(alone).notes(alone)
    return checked


def faults_of_folder(folder: Path) -> Checked:
    """A site's folder, as services would find it, and what they look for later: each reading's other, and earlier editions."""
    checked = Checked()
    try:
        policies = load_policies(site=folder, spares=True)
        found = read_folder(folder)
    except PolicyError as error:
        return Checked(str(error).splitlines())
    checked.faults += [fault for faults in policies.faulty.values() for fault in faults]
    for source in found.sources:
        _check(source, checked)
    for source in found.earlier:
        checked.faults += _faults(source)
    _check_thresholds(policies, checked, is_shipped=folder.samefile(SHIPPED))
    return checked


def _check(source: Source, checked: Checked) -> None:
    """A file, each of its readings both ways."""
    faults = list(_faults(source))
    if faults:
        checked.faults += faults
    else:
        checked.right.append((source.name, source.load()))


def _faults(source: Source) -> Iterator[str]:
    """The faults of a file by its defaults, or else those that come up once a reading is switched."""
    try:
        policy = source.load()
    except PolicyError as error:
        yield from str(error).splitlines()
        return
    for name, reading in policy.file.readings.items():
        try:
            source.load({name: reading.other})
        except PolicyError as error:
            yield from (f"{fault}; so it is with {name}={reading_text(reading.other)}" for fault in str(error).splitlines())


def _check_thresholds(policies: Policies, checked: Checked, *, is_shipped: bool) -> None:
    """Those that lie in the folder; what the default lacks of the shipped cities is known."""
    try:
        loaded = load_thresholds(policies, spares=True)
    except PolicyError as error:
        checked.faults += str(error).splitlines()
        return
    checked.faults += [fault for faults in loaded.faulty.values() for fault in faults]
    checked.notes += [] if is_shipped else loaded.notes(policies)
