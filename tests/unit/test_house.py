"""ARCHITECTURE.md shows the house that stands: rooms, floors and imports drawn from the code."""

from tests.house import PAGE, drawing, known, page


def test_the_page_shows_the_house_as_it_is() -> None:
    assert PAGE.read_text("utf-8") == page(), "make generate draws it anew"


def test_each_room_is_drawn_and_says_what_it_is() -> None:
    rows = [row for row in drawing().splitlines() if row.startswith("| `")]
    rooms = [path.parent.name for path in PAGE.parent.glob("services/*/__init__.py")]
    assert sorted(row.split("`")[1].rstrip("/").rpartition("/")[2] for row in rows) == sorted([*rooms, "schemas"])
    assert all(len(row.split("|")[2].strip()) > 10 for row in rows)


def test_an_arrow_is_an_import() -> None:
    found = known(["services.cli", "services.policy", "schemas"])
    assert found == {"services.cli": ["services.policy", "schemas"], "services.policy": ["schemas"], "schemas": []}
