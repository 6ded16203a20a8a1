"""`python -m deploy.policy_schema`: write `schemas/json/policy.schema.json`, by which editors know a city's file; `--check` tells whether it is stale."""

import json
import sys
from collections.abc import Sequence
from typing import Final

from schemas import generated
from services.policy.schema import document

TARGET: Final = generated.FOLDER / "json" / "policy.schema.json"


def main(arguments: Sequence[str]) -> int:
    """Run the command; its exit status is 0, 2 for wrong usage, 4 when the file is stale."""
    text = json.dumps(document(), ensure_ascii=False, indent=1) + "\n"
    return generated.main({TARGET: text}, (), arguments, "python -m deploy.policy_schema")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
