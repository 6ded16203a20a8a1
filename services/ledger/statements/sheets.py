"""A statement's tables as CSV for spreadsheets: one file a table, UTF-8 with a byte-order mark, so that Excel reads the Chinese; columns in both languages.

In: a statement, and the Chinese names of its codes. Out: files by name. Promise: what others wrote (hospitals' ids) never becomes a formula, and no number
that is a name loses digits: such a cell begins with an apostrophe. Months are written so that no spreadsheet makes an English date of them.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from schemas.foreign import visible
from services.ledger.statements.document import Statement
from services.ledger.statements.tables import Row, Value, columns_of

Names = Callable[[str, Row], str | None]
"""The Chinese name of what a row of a table is of; None where it has none."""

NAME: Final = "name"
_TABLES: Final = ("month", "category", "component", "district", "hospital", "reason", "policy", "counter", "warning")
_NAMED: Final = frozenset({"category", "component", "reason", "counter", "warning"})
_COUNTED: Final = frozenset({
    "year", "claims", "persons", "self_pay", "assistance", "burden",
    "person_years", "limited", "used", "open", "partition", "end_offset", "results",
})  # fmt: skip
"""Columns of numbers and amounts; all others hold texts."""

_COLUMNS: Final[Mapping[str, str]] = {
    "region": "统筹区",
    "year": "年度",
    "month": "月份",
    "category": "救助类别",
    "kind": "种类",
    "clause": "条款",
    "district": "区县",
    "hospital_id": "定点医药机构",
    "outcome": "结果",
    "reason": "原因",
    "version": "政策版本",
    "edition": "政策指纹",
    "status": "政策状态",
    "counter": "累计项",
    NAME: "名称",
    "claims": "笔数",
    "persons": "人数",
    "self_pay": "政策范围内个人自付（元）",
    "assistance": "医疗救助支出（元）",
    "burden": "个人负担（元）",
    "person_years": "使用人数",
    "limited": "达到限额人数",
    "used": "累计（元）",
    "level": "级别",
    "open": "未解除数",
    "partition": "分区",
    "end_offset": "截止位移",
    "results": "结果数",
    "sha256": "SHA-256",
}
_NUMBER: Final = re.compile(r"0[0-9]+|[0-9]{12,}|[0-9]+[eE][0-9]+")
"""Names that a spreadsheet would take for numbers and show otherwise: without zeros in front, as powers of ten, with 15 digits at most."""


def sheets(document: Statement, names: Names) -> Iterator[tuple[str, bytes]]:
    """Each file's name and bytes."""
    place = {"region": document["region"], "year": document["year"]}
    proof = {"results": document["ledger"]["results"], "sha256": document["ledger"]["sha256"]}
    total = {**place, **document["total"], **proof}
    yield _sheet("total", list(total), [total])
    for table in _TABLES:
        columns, rows = columns_of(table), document[table]
        if table in _NAMED:
            texts = [column for column in columns if column not in _COUNTED]
            columns = [*texts, NAME, *(column for column in columns if column not in texts)]
            rows = [{**row, NAME: names(table, row)} for row in rows]
        yield _sheet(table, columns, rows)
    partitions = document["ledger"]["partitions"]
    yield _sheet("ledger", list(partitions[0]), partitions)


def _sheet(table: str, columns: Sequence[str], rows: Sequence[Row]) -> tuple[str, bytes]:
    """One file."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(f"{_COLUMNS[column]} {column}" for column in columns)
    lines.writerows([_cell(column, row[column]) for column in columns] for row in rows)
    return f"{table}.csv", text.getvalue().encode("utf-8-sig")


def _cell(column: str, value: Value) -> Value:
    """A value as a spreadsheet may have it."""
    if column == "month":
        year, _, month = str(value).partition("-")
        return f"{year}年{month}月"
    return _harmless(visible(str(value))) if column not in _COUNTED and value is not None else value


def _harmless(text: str) -> str:
    """A text that stays one."""
    is_formula = text.lstrip()[:1] in set("=+-@")
    return f"'{text}" if is_formula or _NUMBER.fullmatch(text) else text
