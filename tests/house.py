"""The house drawn from the code: `python -m tests.house` writes its floors and rooms into ARCHITECTURE.md; `--check` tells whether the page has drifted.

In: the layers of the first import contract (`pyproject.toml`), each room's docstring, and every import, as import-linter's own graph has them.
"""

import ast
import sys
import tomllib
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "ARCHITECTURE.md"
BEGINS, ENDS = "<!-- the house: drawn by `make generate` -->\n", "<!-- the house ends -->\n"
WIDTH = 78


def floors() -> list[list[str]]:
    """The rooms of each floor, from the roof down; a floor's rooms are strangers to each other."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract.get("containers") == ["services"])
    return [[f"services.{room.strip()}" for room in layer.split("|")] for layer in layers] + [["schemas"]]


def purpose(room: str) -> str:
    """The first sentence of the room's docstring."""
    text = ast.get_docstring(ast.parse((ROOT / room.replace(".", "/") / "__init__.py").read_text("utf-8"))) or ""
    return " ".join(text.split())


def known(rooms: list[str]) -> dict[str, list[str]]:
    """The rooms that each room imports."""
    graph = grimp.build_graph("services", "schemas")
    return {room: [other for other in rooms if other != room and _imports(graph, room, other)] for room in rooms}


def _imports(graph: grimp.ImportGraph, room: str, other: str) -> bool:
    inside = {module for module in graph.modules if f"{module}.".startswith(f"{room}.")}
    return any(f"{imported}.".startswith(f"{other}.") for module in inside for imported in graph.find_modules_directly_imported_by(module))


def drawing() -> str:
    """The section of the page."""
    house = floors()
    lines = [f"┌{'─' * WIDTH}┐"]
    for number, floor in enumerate(house):
        names = [f"{room.removeprefix('services.')}/" for room in floor]
        lines.append(f"│{'   │   '.join(names).center(WIDTH)}│")
        lines.append(f"├{'─' * WIDTH}┤" if number + 1 < len(house) else f"└{'─' * WIDTH}┘")
    rooms = [room for floor in house for room in floor]
    found = known(rooms)
    table = ["| room | is | imports |", "|---|---|---|"]
    for room in rooms:
        others = ", ".join(other.removeprefix("services.") for other in found[room]) or "nobody"
        table.append(f"| `{room.replace('.', '/')}/` | {purpose(room)} | {others} |")
    return "\n".join(["```", *lines, "```", "", *table, ""])


def page() -> str:
    """ARCHITECTURE.md with the house as it is."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}{drawing()}{ENDS}{after}"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(None if PAGE.read_text("utf-8") == page() else "ARCHITECTURE.md shows another house: make generate")
    PAGE.write_text(page(), "utf-8")
