"""What is asked of conditions and figures wherever they stand in a policy file: known names, no key that is ignored there, figures from the first day."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from services.policy.benefits import When
from services.policy.model import PolicyFile
from services.policy.parts import ByClassFigures
from services.policy.tree import Path

Fault = tuple[Path, str]


def classes_of(file: PolicyFile) -> set[str]:
    """Every class that the file knows."""
    met = {category.klass for category in file.categories.values() if category.klass}
    return met | {rule.becomes for rule in file.reclass} | set(file.classes)


def when_faults(file: PolicyFile, when: When, path: Path, without: tuple[str, ...] = ()) -> Iterator[Fault]:
    """The faults of a condition, of those inside it too. `without`: the keys that have no meaning where it stands."""
    for key in without:
        if getattr(when, key) is not None:
            yield (*path, key), "no such key in a condition here" + (": `class` says it" if key == "classes" else "")
    for klass in when.classes or ():
        if klass not in classes_of(file):
            yield (*path, "classes"), f"classes of this file; {klass} is none"
    if when.age_on != "service" and when.age_at_most is None:
        yield (*path, "age_on"), "only beside age_at_most"
    yield from _counters(file, when, path)
    if when.self_pay_over_yuan is not None:
        yield from begins_late(file, when.self_pay_over_yuan, (*path, "self_pay_over_yuan"))
    if not when.model_fields_set and path[-1] != "when":
        yield path, "a condition"
    for place, inner in enumerate(when.any_of or ()):
        yield from when_faults(file, inner, (*path, "any_of", place), without)


def _counters(file: PolicyFile, when: When, path: Path) -> Iterator[Fault]:
    if when.limit_reached is not None:
        pool = file.pools.get(when.limit_reached)
        if pool is None or pool.limit_yuan is None:
            yield (*path, "limit_reached"), "a pool of this file that has a limit"
    for name, figures in (when.sum_over or {}).items():
        if name not in file.pools:
            yield (*path, "sum_over", name), "a pool of this file"
        yield from begins_late(file, figures, (*path, "sum_over", name))


def begins_late(file: PolicyFile, figures: Mapping[date, object] | Iterable[date], path: Path) -> Iterator[Fault]:
    """A figure must stand from the decree's first day on, and what it is a percentage of as well."""
    if min(figures, default=date.max) > file.valid_from:
        yield path, f"a figure from {file.valid_from} on, when the decree begins to hold"
    for day in sorted(day for day in figures if day <= file.valid_from)[:-1]:
        yield (*path, str(day)), f"no figure that another replaces before {file.valid_from}, when the decree begins to hold"


def figure_faults(file: PolicyFile, figures: ByClassFigures, path: Path, met: Iterable[str]) -> Iterator[Fault]:
    """A figure by class: known classes, and something said for each that can meet it."""
    known = classes_of(file)
    for klass, dated in figures.items():
        if klass != "default" and klass not in known.intersection(met):
            yield (*path, klass), "a class that can meet it, or default"
        if dated is not None:
            yield from begins_late(file, dated, (*path, klass))
    if "default" not in figures:
        for klass in sorted(set(met) - figures.keys()):
            yield path, f"a figure for class {klass}, or null for none: {klass}: null (or default: null for all others)"
    elif not set(known) - (figures.keys() - {"default"}):
        yield (*path, "default"), "no default: every class has its own"
    if all(dated is None for dated in figures.values()):
        yield path, "an amount for at least one class"
