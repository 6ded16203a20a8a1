"""Kafka's jars: copied by Maven once, into `.medaid/kafka-<version>/` of the project.

In: pom.xml beside this file, which pins the version, or another pom of its form. Promise: however many processes ask at once, one runs Maven and the
others wait; a copy that broke off is never used. Not here: running Kafka (`kafka`).
"""

import fcntl
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

from deploy.local.errors import Failed, program

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".medaid"
POM = Path(__file__).with_name("pom.xml")
COPY_SECONDS_MAX = 600


def kafka_version(pom: Path = POM) -> str:
    """Return the version of Kafka that `pom` pins."""
    version = ElementTree.parse(pom).findtext("{*}properties/{*}kafka.version")
    assert version, f"{pom} pins no kafka.version"
    return version


def kafka_jars(pom: Path = POM) -> Path:
    """Return the folder of Kafka's jars, filled by Maven unless it holds what `pom` asks for.

    Raises:
        Unobtainable: Maven is missing.
        Failed: Maven could not copy them.
    """
    folder = CACHE / f"kafka-{kafka_version(pom)}"
    if _is_complete(folder, pom):
        return folder
    CACHE.mkdir(exist_ok=True)
    with locked(folder.with_name(f"{folder.name}.lock")):
        if not _is_complete(folder, pom):
            _copy(folder, pom)
    return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file lock `path`, waiting for whoever has it; a dead process holds none."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_complete(folder: Path, pom: Path) -> bool:
    """The pom is copied last, so a folder that holds the present one holds its jars too."""
    copy = folder / POM.name
    return copy.is_file() and copy.read_bytes() == pom.read_bytes()


def _copy(folder: Path, pom: Path) -> None:
    maven = program("mvn", "maven")
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        jars = Path(work) / "jars"
        command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=COPY_SECONDS_MAX, check=False)
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines() or ["nothing"]
            raise Failed(f"Maven could not copy Kafka's jars: {said[0]}")
        shutil.copy(pom, jars / POM.name)
        shutil.rmtree(folder, ignore_errors=True)
        jars.rename(folder)
