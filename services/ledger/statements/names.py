"""The Chinese names of the codes in a statement, for its sheets: those of the policy that runs here, and of the contract. A code without one has none."""

from collections.abc import Mapping
from typing import Final

from services.ledger.statements.sheets import Names
from services.ledger.statements.tables import Row
from services.monitoring.domain.wording import name_of
from services.policy.library import Policies
from services.policy.words import Speech

_CODES: Final[Mapping[str, str]] = {
    "direct": "直接救助",
    "above_cap": "超封顶线救助",
    "reassistance": "再救助",
    "tilt": "倾斜救助",
    "assisted": "已救助",
    "reversed": "已冲销",
}


def chinese_names(policies: Policies, region: str) -> Names:
    """Names for a region's statement; of a region whose policy is gone only those of the contract."""
    files = [policy.file for policy in policies.current.get(region, ())]
    labels = {
        **{("category", code): category.label.zh for file in files for code, category in file.categories.items()},
        **{("counter", code): pool.label.zh for file in files for code, pool in file.pools.items()},
    }

    def name(table: str, row: Row) -> str | None:
        match table:
            case "component":
                return _CODES.get(str(row["kind"]))
            case "reason":
                return Speech("zh").say(f"reason.{row['reason']}") if row["reason"] else _CODES.get(str(row["outcome"]))
            case "warning":
                return name_of(str(row["kind"]), str(row["level"]))
            case _:
                return labels.get((table, str(row[table])))

    return name
