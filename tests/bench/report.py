"""What was measured, as Markdown and as a plot."""

import inspect
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("svg")
from matplotlib import pyplot

from services.policy import engine
from tests.bench import floor


class Section(NamedTuple):
    """A table with what is to be known of it. `plotted`: lines or bars by name, of the numbers under `columns`."""

    title: str
    text: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    unit: str = ""
    columns: Sequence[str] = ()
    plotted: Mapping[str, Sequence[float]] = {}


def write(sections: Sequence[Section], size: str, folder: Path) -> Path:
    """Write `benchmarks.md` and `benchmarks.svg`; where the report lies."""
    folder.mkdir(parents=True, exist_ok=True)
    report = folder / "benchmarks.md"
    report.write_text("\n".join(_lines(sections, size)), "utf-8")
    _plot([section for section in sections if section.plotted], folder / "benchmarks.svg")
    return report


def machine() -> str:
    """The class of this machine, without its name."""
    cpus = [
        line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("model name")
    ]
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{os.cpu_count()} cores ({cpus[0] if cpus else platform.machine()}), {memory_gib} GiB, Python {platform.python_version()}, {form()}"


def form() -> str:
    """Whether what ran was compiled, as in the image."""
    return "the hot path compiled" if Path(engine.__file__).suffix == ".so" else "nothing compiled"


def _lines(sections: Iterable[Section], size: str) -> Iterable[str]:
    yield "# Benchmarks\n"
    yield f"Written by `make bench SIZE={size}` on {date.today()}; {machine()}.\n"
    yield (
        "Real Kafka and Redis (appendfsync everysec) on the same machine as the workers; exactly-once on; 4 partitions unless said otherwise. Figures "
        "of one table were taken in turn in one run, medians of the rounds; compare them with each other, and with no other machine's.\n"
    )
    yield "![The same as a plot](benchmarks.svg)\n"
    for section in sections:
        yield f"## {section.title}\n"
        yield f"{section.text}\n"
        yield f"| {' | '.join(section.head)} |"
        yield f"|{'---|' * len(section.head)}"
        yield from (f"| {' | '.join(row)} |" for row in section.rows)
        yield ""
    yield "## The floor's code\n"
    yield f"All else is the worker's own.\n\n```python\n{inspect.getsource(floor.FloorFold)}\n\n{inspect.getsource(floor.FloorService)}```"


def _plot(sections: Sequence[Section], path: Path) -> None:
    if not sections:
        return
    figure, axes = pyplot.subplots(1, len(sections), figsize=(4.5 * len(sections), 4), squeeze=False)
    for axis, section in zip(axes[0], sections, strict=True):
        for name, values in section.plotted.items():
            axis.plot(section.columns, values, "o-", label=name)
        axis.set(title=section.title, ylabel=section.unit, ylim=(0, None))
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
