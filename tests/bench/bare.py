"""The bare loop that a replay is held against: each line is read with the models of the services, and a result is written. `python -m tests.bench.bare FILE`.

What it reads is checked as strictly as in the services; what it writes is one real result, made into JSON anew for each line.
"""

import sys
from pathlib import Path
from typing import Any

import orjson

from schemas.catalogue import CLAIM_TYPES, STATUS_TYPES
from schemas.envelope import read_event, write_event
from tests.bench.floor import Made


def main() -> None:
    """Read the file, write on standard output."""
    types: dict[str, Any] = {**CLAIM_TYPES, **STATUS_TYPES}
    made = orjson.loads(Made().result_of("C000000001"))
    with Path(sys.argv[1]).open("rb") as lines:
        for line in lines:
            event = read_event(line[:-1], (), types)
            sys.stdout.buffer.write(write_event(made["type"], made["source"], made["id"], event.time, made["data"]) + b"\n")


if __name__ == "__main__":
    main()
