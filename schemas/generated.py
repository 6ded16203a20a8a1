"""Generated files: writing them, and finding those that are not what would be written now."""

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

FOLDER = Path(__file__).parent


def write(files: Mapping[Path, str], superfluous: Collection[Path] = ()) -> None:
    """Write `files`, and remove what is there and generated no more."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    for path in superfluous:
        path.unlink()


def stale(files: Mapping[Path, str], superfluous: Collection[Path] = ()) -> Sequence[str]:
    """One line for each file that `write` would change."""
    changed = [path for path, text in files.items() if not path.exists() or path.read_bytes() != text.encode()]
    return sorted(
        [f"{_short(path)} is stale: run make generate" for path in changed]
        + [f"{_short(path)} is generated no more" for path in superfluous]
    )


def main(files: Mapping[Path, str], superfluous: Collection[Path], arguments: Sequence[str], usage: str) -> int:
    """Write, or with `--check` tell what is stale.

    Returns:
        The exit status: 0, 4 when something is stale, 2 for wrong usage.
    """
    if list(arguments) == ["--check"]:
        lines = stale(files, superfluous)
        for line in lines:
            print(line, file=sys.stderr)
        return 4 if lines else 0
    if arguments:
        print(f"usage: {usage} [--check]", file=sys.stderr)
        return 2
    write(files, superfluous)
    return 0


def _short(path: Path) -> Path:
    """The path as seen from the project's root."""
    return path.relative_to(FOLDER.parent) if path.is_relative_to(FOLDER.parent) else path
