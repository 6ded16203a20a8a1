"""The files of a folder of policies, as text: which are there, what each is for, and what of them cannot be read.

In: a folder. Out: `Folder`. Its files, by their names:

- `<name>.yaml`: a region's policy; several of one region follow each other in time;
- `<name>.designated.yaml`: the hospitals designated for that file, else for all files here of the region `<name>`;
- `<name>.thresholds.yaml`: a region's thresholds of early warning, `thresholds.yaml` those of all (read by monitoring);
- `<name>.cases.yaml`: worked examples (read by `medaid policy test`);
- `earlier/`: policies of earlier editions, with their lists.

Not here: what a file may hold (`loader.py`), which of a region's files count (`library.py`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.policy.loader import Policy, load_policy
from services.policy.tree import PolicyError, Reading

BESIDE = ("designated", "thresholds", "cases")
"""What lies beside policies: the word before `.yaml`."""

_ID = re.compile(r"""^["']?id["']?\s*:\s*["']?([A-Za-z0-9_-]+)""", re.MULTILINE)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Source:
    """A policy's text before its readings are chosen, and that of its list of hospitals.

    Attributes:
        name: What faults call the file; `beside`: what they call the list.
    """

    name: str
    text: str
    designated: str | None = None
    beside: str = "(designated)"

    @property
    def region(self) -> str:
        """Its `id`, as far as a line says so, else what its name begins with; the loader has the last word."""
        return region_in(self.text, Path(self.name).name)

    def load(self, switched: Mapping[str, Reading] | None = None) -> Policy:
        """The policy, with the readings in `switched` instead of their defaults.

        Raises:
            ReadingError: A reading that it does not have.
            PolicyError: Any other fault, all of them, a line each.
        """
        try:
            return load_policy(self.name, self.text, switched, self.designated)
        except PolicyError as error:
            raise type(error)(str(error).replace(f"{self.name} (designated):", f"{self.beside}:")) from None


@dataclass
class Folder:
    """What lies in a folder.

    Attributes:
        sources: The policies.
        earlier: Those of earlier editions.
        lists: By region, lists of hospitals for which no policy lies here, and their names.
        faults: By region, what is wrong with files that cannot be read at all.
    """

    sources: list[Source] = field(default_factory=list)
    earlier: list[Source] = field(default_factory=list)
    lists: dict[str, tuple[str, str]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)


def read_folder(folder: Path) -> Folder:
    """All files of `folder`.

    Raises:
        PolicyError: There is no such folder, or it cannot be looked into.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise PolicyError(f"{folder}: a folder of policy files; {error.strerror}") from None
    found = Folder()
    found.sources = list(_policies(paths, found))
    found.earlier = list(_policies(sorted((folder / "earlier").glob("*.yaml")), Folder()))
    known = {path.name.removesuffix(".yaml") for path in paths if is_policy(path)} | {source.region for source in found.sources}
    for path in paths:
        region = path.name.removesuffix(".designated.yaml")
        if region != path.name and region not in known:
            try:
                found.lists[region] = (text_of(path), str(path))
            except PolicyError as error:
                found.faults.setdefault(region, []).append(str(error))
    return found


def is_policy(path: Path) -> bool:
    """Whether a file of a folder is a policy, by its name alone."""
    stem = path.name.removesuffix(".yaml")
    return stem not in (path.name, "thresholds") and stem.rpartition(".")[2] not in BESIDE


def text_of(path: Path) -> str:
    """The text of a file; a byte-order mark is passed over.

    Raises:
        PolicyError: It cannot be read, or is not UTF-8, in one line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}:1: (file): to be readable; {error.strerror}") from None
    if content.startswith(_UTF_16):
        raise PolicyError(f"{path}:1: (file): UTF-8; this is UTF-16, save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{path}:{line}: (file): UTF-8; {_guess(content)}") from None


def region_in(text: str, name: str) -> str:
    """The region that a file is of: what its `id` says, else the beginning of its name."""
    said = _ID.search(text)
    return said[1] if said else name.partition(".")[0]


def source_of(path: Path) -> Source:
    """A policy with its list of hospitals: the file's own, else the region's.

    Raises:
        PolicyError: One cannot be read.
    """
    text = text_of(path)
    own, regions = (path.with_name(f"{name}.designated.yaml") for name in (path.name.removesuffix(".yaml"), region_in(text, path.name)))
    beside = own if own.exists() else regions
    return Source(str(path), text, text_of(beside), str(beside)) if beside.exists() else Source(str(path), text)


def _policies(paths: Iterable[Path], found: Folder) -> Iterator[Source]:
    """The policies among `paths`; what cannot be read is noted in `found`."""
    for path in paths:
        if path.suffix.lower() in (".yml", ".yaml") and path.suffix != ".yaml":
            _note(path, found, f"{path}:1: (file): a name that ends in .yaml")
        elif is_policy(path):
            try:
                yield source_of(path)
            except PolicyError as error:
                _note(path, found, str(error))


def _note(path: Path, found: Folder, fault: str) -> None:
    """A fault of a file, which is of the region that its bytes name."""
    try:
        region = region_in(path.read_bytes().decode("latin-1"), path.name)
    except OSError:
        region = region_in("", path.name)
    found.faults.setdefault(region, []).append(fault)


def _guess(content: bytes) -> str:
    """What a file is, that is no UTF-8."""
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return "a character here is none"
    return "this looks like GBK, save it as UTF-8"
