"""A site's own folder of policies: what it adds, what it takes the place of, and that a fault in it is its own region's alone."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from services.policy.library import SHIPPED, Policies, UnknownEditionError, load_policies, site_policies
from services.policy.tree import PolicyError, ReadingError

FIFTH, FIFTH_TEXT = "north-haven_5", (Path(__file__).parent / "fifth_city.yaml").read_text("utf-8")
SUZHOU = (SHIPPED / "suzhou.yaml").read_text("utf-8")
WUXI = (SHIPPED / "wuxi.yaml").read_text("utf-8")
LOWER = SUZHOU.replace("{2023-01-01: 300000}", "{2023-01-01: 500}")
ENDS = LOWER.replace("valid_to: 2030-12-31", "valid_to: 2025-12-31")
BEGINS = SUZHOU.replace("valid_from: 2023-01-01", "valid_from: 2026-01-01")
SHIPPED_REGIONS = load_policies().regions()


def folder(path: Path, **files: str | bytes) -> Path:
    """A folder with these files; `__` stands for a slash."""
    for name, text in files.items():
        place = path / f"{name.replace('__', '/')}.yaml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two cities instead of all that are shipped, for they load sooner."""
    return folder(tmp_path_factory.mktemp("shipped"), suzhou=SUZHOU, wuxi=WUXI)


def faults(path: Path, shipped: Path) -> list[str]:
    """What commands tell of a folder."""
    with pytest.raises(PolicyError) as refused:
        load_policies(shipped, site=path)
    return str(refused.value).splitlines()


def test_a_region_of_the_sites_own_is_added(tmp_path: Path) -> None:
    policies = load_policies(site=folder(tmp_path, anything=FIFTH_TEXT))
    assert policies.regions() == sorted([*SHIPPED_REGIONS, FIFTH])
    assert (policies.own, policies.folder) == ({FIFTH}, tmp_path)


def test_a_shipped_region_is_settled_by_the_sites_files_alone(tmp_path: Path) -> None:
    """All of them, in their order; what is shipped is an earlier edition from then on, under which years that began so go on."""
    assert ENDS != LOWER
    assert BEGINS != SUZHOU
    policies = load_policies(site=folder(tmp_path, a=BEGINS, b=ENDS))
    (shipped,) = load_policies().current["suzhou"]
    assert [one.file.valid_to for one in policies.current["suzhou"]] == [date(2025, 12, 31), shipped.file.valid_to]
    day = date(2024, 5, 1)
    new = policies.for_year("suzhou", day, None, None, None)
    assert new is policies.current["suzhou"][0]
    begun = policies.for_year("suzhou", day, shipped.edition, {}, day)
    assert (begun.edition, begun.digest(day) != new.digest(day)) == (shipped.edition, True)


def test_a_list_of_hospitals_alone_is_the_shipped_regions(tmp_path: Path) -> None:
    """Years that began without it go on without it."""
    policies = load_policies(site=folder(tmp_path, **{"wuxi.designated": "H7: {from: 2024-01-01}\n"}))
    day = date(2024, 5, 1)
    (wuxi,), (before,) = policies.current["wuxi"], load_policies().current["wuxi"]
    assert (wuxi.is_designated("H7", day), wuxi.is_designated("H8", day)) == (True, False)
    assert policies.own == frozenset()
    assert policies.for_year("wuxi", day, before.edition, {}, day).is_designated("H8", day)


def test_a_list_is_a_files_own_before_it_is_its_regions(tmp_path: Path) -> None:
    lists = {"b.designated": "H1: {from: 2023-01-01}\n", "suzhou.designated": "H2: {from: 2023-01-01}\n"}
    first, second = load_policies(site=folder(tmp_path, a=BEGINS, b=ENDS, **lists)).current["suzhou"]
    assert (set(first.designated or ()), set(second.designated or ())) == ({"H1"}, {"H2"})


def test_an_earlier_edition_of_the_sites_own_is_found(tmp_path: Path) -> None:
    old = load_policies(site=folder(tmp_path / "old", suzhou=LOWER)).current["suzhou"][0]
    day = date(2024, 5, 1)
    corrected = LOWER.replace("{2023-01-01: 500}", "{2023-01-01: 600}")
    policies = load_policies(site=folder(tmp_path / "new", suzhou=corrected, earlier__suzhou=LOWER))
    assert policies.for_year("suzhou", day, old.edition, {}, day).edition == old.edition
    with pytest.raises(UnknownEditionError):
        load_policies(site=folder(tmp_path / "forgot", suzhou=corrected)).for_year("suzhou", day, old.edition, {}, day)


@pytest.mark.parametrize("change", [lambda text: b"\xef\xbb\xbf" + text, lambda text: text.replace(b"\n", b"\r\n")])
def test_a_byte_order_mark_and_line_ends_of_windows_change_nothing(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    policies = load_policies(site=folder(tmp_path, wuxi=change(WUXI.encode())))
    assert policies.editions()["wuxi"] == load_policies().editions()["wuxi"]


def test_what_is_no_policy_is_passed_over(tmp_path: Path) -> None:
    folder(tmp_path, thresholds="x", **{"wuxi.cases": "y", "wuxi.thresholds": "z", ".wuxi": "w"})
    (tmp_path / "README.md").write_text("v")
    assert load_policies(site=tmp_path).own == frozenset()


FAULTS: dict[str, tuple[dict[str, str | bytes], str, str]] = {
    "GBK": ({"x": WUXI.encode("gb18030")}, "wuxi", "x.yaml:1: (file): UTF-8; this looks like GBK, save it as UTF-8"),
    "UTF-16": ({"wuxi": WUXI.encode("utf-16")}, "wuxi", "wuxi.yaml:1: (file): UTF-8; this is UTF-16, save it as UTF-8"),
    "no text": ({"wuxi": b"id: wuxi\n\xff\xff"}, "wuxi", "wuxi.yaml:2: (file): UTF-8; a character here is none"),
    "no YAML": ({"x": WUXI.replace("\nstatus: in_force", "\nstatus: [in_force")}, "wuxi", "(file): YAML: "),
    "a key": ({"x": WUXI.replace("\nstatus: in_force", "\nstatus: in_force\nstatsu: x")}, "wuxi", "statsu: no such key"),
    "a mark before the id": ({"x": b"\xef\xbb\xbfid: wuxi\ntitle: x\n"}, "wuxi", "x.yaml:1: readings: "),
    "no id": ({"wuxi": "title: x\n"}, "wuxi", "wuxi.yaml:1: readings: "),
    "an id in quotes": ({"x": 'id: "wuxi"  # the city\n'}, "wuxi", "x.yaml:1: readings: "),
    "its list": ({"wuxi": WUXI, "wuxi.designated": "H1: {to: 2024-01-01}\n"}, "wuxi", "wuxi.designated.yaml:1: H1.from: is missing"),
    "a list in GBK": (
        {"wuxi.designated": "定点医院: {}".encode("gb18030")},
        "wuxi",
        "wuxi.designated.yaml:1: (file): UTF-8; this looks like GBK",
    ),
    "a list of nobody": ({"nowhere.designated": "{}"}, "nowhere", "nowhere.designated.yaml:1: (file): a name of a policy beside it"),
    "a list for a shipped city": ({"wuxi.designated": "H1: {to: 2024-01-01}\n"}, "wuxi", "wuxi.designated.yaml:1: H1.from: is missing"),
    "two that overlap": ({"a": LOWER, "b": BEGINS}, "suzhou", "b.yaml:11: valid_from: a day on which no other file of suzhou holds; "),
    "a file that ends otherwise": ({}, "wuxi", "wuxi.yml:1: (file): a name that ends in .yaml"),
}


def planted(path: Path, what: str) -> Path:
    """A folder with something wrong in it."""
    files, _, _ = FAULTS[what]
    if not files:
        (path / "wuxi.yml").write_text(WUXI, "utf-8")
    return folder(path, **files)


@pytest.mark.parametrize("what", FAULTS)
def test_a_fault_costs_its_own_region_alone_and_no_shipped_file_takes_its_place(tmp_path: Path, two: Path, what: str) -> None:
    _, region, expected = FAULTS[what]
    path = planted(tmp_path, what)
    policies = load_policies(two, site=path, spares=True)
    assert policies.regions() == sorted({"suzhou", "wuxi"} - {region})
    assert list(policies.faulty) == [region]
    told = faults(path, two)
    assert told == list(policies.faulty[region])
    assert any(expected in line for line in told), told
    assert all(line.startswith(f"{tmp_path}/") for line in told)


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path, two: Path) -> None:
    folder(
        tmp_path,
        wuxi="id: wuxi\n",
        x=SUZHOU.replace("status: in_force", "status: y").replace("paid_after_enrolment", "paid_after"),
    )
    assert len(faults(tmp_path, two)) == 4


def test_a_form_that_nobody_thought_of_is_a_fault_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the other cities are served all the same."""

    def broken(name: str, *rest: object) -> object:
        raise ZeroDivisionError(name)

    monkeypatch.setattr("services.policy.sources.load_policy", broken)
    policies = load_policies(SHIPPED, spares=True)
    assert list(policies.faulty) == SHIPPED_REGIONS
    assert "a mistake of medaid's (ZeroDivisionError)" in policies.faulty["wuxi"][0]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path, two: Path) -> None:
    (tmp_path / "wuxi.yaml").mkdir()
    assert faults(tmp_path, two) == [f"{tmp_path}/wuxi.yaml:1: (file): to be readable; Is a directory"]


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_a_folder_that_is_none_is_told_though_faults_are_spared(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(PolicyError, match=rf"^{tmp_path}/{name}: a folder of policy files; "):
        site_policies(str(tmp_path / name), "", spares=True)


@pytest.mark.parametrize("readings", ["suzhou.nothing=1", "suzhou.rounding=up", "atlantis.rounding=down", "nonsense"])
def test_a_reading_that_is_none_is_no_files_fault(tmp_path: Path, readings: str) -> None:
    with pytest.raises(ReadingError):
        site_policies(str(folder(tmp_path, x="id: wuxi\n")), readings, spares=True)


def test_a_fault_is_told_before_a_reading(tmp_path: Path) -> None:
    """Whoever switched the reading is not told that it is his."""
    path = str(folder(tmp_path, suzhou="id: suzhou\n"))
    with pytest.raises(PolicyError) as refused:
        site_policies(path, "suzhou.rounding=down")
    assert not isinstance(refused.value, ReadingError)
    assert site_policies(path, "suzhou.rounding=down", spares=True).regions() == [
        region for region in SHIPPED_REGIONS if region != "suzhou"
    ]


def test_why_a_region_cannot_be_decided() -> None:
    """A stranger is his sender's fault, a faulty file is not."""
    policies = Policies(load_policies().current, faulty={"atlantis": ["a.yaml:1: id: x"]})
    assert policies.lacking("suzhou") is None
    assert policies.lacking("nowhere") == ("unknown_region", "one of " + ", ".join(sorted(["atlantis", *SHIPPED_REGIONS])))
    reason, expected = policies.lacking("atlantis") or ("", "")
    assert (reason, "mend a.yaml:1: id: x" in expected) == ("processing_failed", True)
    with pytest.raises(UnknownEditionError, match="no policy file of atlantis"):
        policies.for_year("atlantis", date(2025, 1, 1), "e", {}, date(2025, 1, 1))
