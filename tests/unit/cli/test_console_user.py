"""`medaid console user` prints a line that the console's file of users takes, and no password."""

import io

import pytest

from services.console.web.users import read_users
from tests.unit.conftest import Medaid


def test_a_piped_password_makes_a_line_for_the_file(medaid: Medaid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("sehr geheim\n"))
    said = medaid("console", "user", "li", "--role", "operator", "--role", "auditor")
    assert (said.status, said.err) == (0, "")
    assert "sehr geheim" not in said.out
    assert read_users(said.out)["li"].roles == ["operator", "auditor"]
    assert read_users(said.out)["li"].hash.startswith("$argon2id$")


def test_an_empty_password_makes_none(medaid: Medaid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    said = medaid("console", "user", "li", "--role", "viewer")
    assert (said.status, said.out, said.err) == (2, "", "medaid: expected a password\n")
