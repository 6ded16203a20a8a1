"""`make audit`: write the bill of materials of what a site installs, hold its licences against our list, ask whether faults of it are known.

In: the environment of just what `deploy/requirements.txt` names, and the auditors' own (`.medaid/audit`, which make fills). Out:
dist/sbom.cdx.json (CycloneDX), the same bytes for the same requirements, and a line on standard error for whatever is wrong.
Exit status: 0 nothing is wrong, 4 something is, 5 nobody could be asked about faults (what else is wrong is told all the same).
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.audit.licences import LIST, complaints, read_list

ROOT = Path(__file__).parents[2]
AUDITORS = ROOT / ".medaid/audit/auditors/bin"
SHIPPED = ROOT / ".medaid/audit/shipped"
REQUIREMENTS = ROOT / "deploy/requirements.txt"
BILL = ROOT / "dist/sbom.cdx.json"


class Unasked(Exception):
    """Nobody could be asked which faults are known; the text is one line."""


def main() -> int:
    """Audit. Returns the exit status."""
    components = write_bill()["components"]
    wrong = list(complaints(components, *read_list(LIST.read_text("utf-8"))))
    unasked = ""
    try:
        for line in known_faults(ask_for_faults()):
            wrong.append(line)  # one by one: what is known counts, though more could not be asked
    except Unasked as error:
        unasked = f"Whether faults are known is not known: {error}"
    for line in filter(None, [*wrong, unasked]):
        print(line, file=sys.stderr)
    print(f"{BILL.relative_to(ROOT)}: {len(components)} components")
    return 4 if wrong else 5 if unasked else 0


def write_bill() -> Any:
    """Write the bill of materials, and return it."""
    BILL.parent.mkdir(exist_ok=True)
    asked = ["--output-reproducible", "--pyproject", str(ROOT / "pyproject.toml"), "--output-file", str(BILL), str(SHIPPED)]
    subprocess.run([AUDITORS / "cyclonedx-py", "environment", *asked], env=surroundings(), check=True)
    return json.loads(BILL.read_bytes())


def surroundings() -> dict[str, str]:
    """The environment of an auditor: the caller's, without what leads Python elsewhere, e.g. `PYTHONPATH`, which would add packages to the bill."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def ask_for_faults() -> str:
    """What pip-audit says, in JSON, of each pinned requirement; it asks the package index, which knows of advisories.

    Raises:
        Unasked: It says nothing.
    """
    asked = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    asked += ["--requirement", str(REQUIREMENTS)]
    done = subprocess.run([AUDITORS / "pip-audit", *asked], env=surroundings(), capture_output=True, text=True, check=False)
    if not done.stdout.strip():
        raise Unasked((done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1])
    return done.stdout


def known_faults(said: str) -> Iterator[str]:
    """A line for each fault that is known of a version that we ship.

    Raises:
        Unasked: Of some package nobody knew anything; pip-audit itself passes over those, and calls the rest sound.
    """
    answers = json.loads(said)["dependencies"]
    for answer in answers:
        for fault in answer.get("vulns", []):
            mended = ", ".join(fault["fix_versions"]) or "no version yet"
            yield f"{answer['name']} {answer['version']}: {fault['id']} is known of it, mended in {mended}"
    silent = [answer for answer in answers if "vulns" not in answer]
    if silent:
        raise Unasked(f"of {len(silent)} of {len(answers)} packages the index told nothing ({silent[0].get('skip_reason')})")


if __name__ == "__main__":
    sys.exit(main())
