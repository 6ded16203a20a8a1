"""The bill of materials, made by the real auditors: just what deploy/requirements.txt pins, the same bytes whoever calls, and each licence on our list."""

import re
import subprocess

import pytest

from deploy.audit.__main__ import BILL, REQUIREMENTS, ROOT, write_bill
from deploy.audit.licences import LIST, complaints, read_list

pytestmark = pytest.mark.prove


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    """Name to version."""
    found = re.findall(r"^([a-z0-9._-]+)==(\S+)", REQUIREMENTS.read_text("utf-8"), re.MULTILINE)
    return {canonical(name): version for name, version in found}


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Name to component; of a caller who has packages of his own on his `PYTHONPATH`, one that we do not ship and one that we do."""
    own = tmp_path_factory.mktemp("own")
    for name, version in (("unshipped", "1.0"), ("requests", pinned()["requests"])):
        (own / f"{name}-{version}.dist-info").mkdir()
        (own / f"{name}-{version}.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(own))
        subprocess.run(["make", ".medaid/audit/.ready"], cwd=ROOT, check=True, capture_output=True)
        return {canonical(component["name"]): component for component in write_bill()["components"]}


def test_it_names_just_what_is_pinned(bill: dict[str, dict[str, str]]) -> None:
    assert {name: component["version"] for name, component in bill.items()} == pinned()


def test_the_same_requirements_give_the_same_bytes(bill: dict[str, dict[str, str]]) -> None:
    before = BILL.read_bytes()
    assert str(ROOT).encode() not in before
    write_bill()
    assert BILL.read_bytes() == before


def test_each_licence_is_on_our_list(bill: dict[str, dict[str, str]]) -> None:
    assert list(complaints(list(bill.values()), *read_list(LIST.read_text("utf-8")))) == []
