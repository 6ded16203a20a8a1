"""`python -m schemas.generate`: write `schemas/json/` from the models; `--check` tells what is stale; `--release` makes it the released state.

A release is refused where an event type's schema changed incompatibly since the last one: it needs a new version in its name.
Not here: the AsyncAPI document and the schema of policy files, which need the services (`python -m deploy.asyncapi`, `python -m deploy.policy_schema`).
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from schemas import generated
from schemas.compatibility import EVENTS, breaks, read_schemas
from schemas.documents import all_types, document

JSON = generated.FOLDER / "json"
RELEASED = generated.FOLDER / "released"


def json_files(folder: Path = JSON) -> Mapping[Path, str]:
    """Every schema file of `folder` and its text."""
    return {folder / f"{kind}.json": json.dumps(document(kind), ensure_ascii=False, indent=2) + "\n" for kind in sorted(all_types())}


def main(arguments: Sequence[str], folder: Path = JSON, released: Path = RELEASED) -> int:
    """Run the command; its exit status is 0, 2 for wrong usage, 4 when a file is stale or a change incompatible."""
    if list(arguments) == ["--release"]:
        return _release(folder, released)
    files = json_files(folder)
    return generated.main(files, _others(folder, files), arguments, "python -m schemas.generate [--release]")


def _release(folder: Path, released: Path) -> int:
    """Copy the schemas to `released`, unless that would break somebody."""
    lines = breaks(read_schemas(released), read_schemas(folder))
    for line in lines:
        print(line, file=sys.stderr)
    if lines:
        return 4
    files = {released / path.name: path.read_text("utf-8") for path in folder.glob(EVENTS)}
    generated.write(files, _others(released, files))
    return 0


def _others(folder: Path, files: Mapping[Path, str]) -> list[Path]:
    """Schemas in `folder` besides `files`."""
    return [path for path in folder.glob(EVENTS) if path not in files]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
