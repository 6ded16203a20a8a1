"""`python -m tests.bench`: measure, and write a report. Starts a Kafka and a Redis of its own; a few minutes to hours, by size."""

import argparse
import tempfile
import time
from pathlib import Path

from deploy.local.servers import Kafka, Redis
from services.runtime import logging
from services.runtime.settings import Settings
from tests.bench.course import Course
from tests.bench.parts import PARTS, Bench
from tests.bench.report import Section, write
from tests.bench.sizes import SIZES


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help=f"of {', '.join(PARTS)}; all, if none is named")
    parser.add_argument("--size", choices=SIZES, default="usual")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder of the report (docs)")
    asked = parser.parse_args()
    logging.configure(Settings.from_env({"MEDAID_LOG_LEVEL": "warning"}))
    sections: list[Section] = []
    with tempfile.TemporaryDirectory() as name, Kafka(Path(name, "kafka")) as kafka, Redis(Path(name, "redis")) as redis:
        bench = Bench(Course(kafka.bootstrap_servers, redis.url, Path(name)), SIZES[asked.size])
        began_s = time.monotonic()
        for part in asked.parts or PARTS:
            for section in PARTS[part](bench):
                sections.append(section)
                print(f"{time.monotonic() - began_s:6.0f} s  {section.title}: {section.text}")
                for row in section.rows:
                    print(f"          {' | '.join(row)}", flush=True)
    print(write(sections, asked.size, asked.out))


if __name__ == "__main__":
    main()
