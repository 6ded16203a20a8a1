"""`make audit` tells every fault that is known of what is shipped, and never calls sound what nobody could be asked about."""

import json
from typing import Any

import pytest

from deploy.audit import __main__ as audit
from deploy.audit.__main__ import Unasked, known_faults

SOUND: dict[str, Any] = {"name": "sound", "version": "1.0", "vulns": []}
FAULTY: dict[str, Any] = {
    "name": "faulty",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["2.1", "3.0"], "aliases": [], "description": "reads what it must not"}],
}
UNKNOWN: dict[str, Any] = {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited: unknown (1.0)"}


def said(*answers: dict[str, Any]) -> str:
    return json.dumps({"dependencies": answers, "fixes": []})


@pytest.fixture
def audited(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """What an audit ends with and says of licences of `components` and answers about faults."""

    def run(components: list[dict[str, Any]], answer: str | Unasked) -> tuple[int, str]:
        def ask() -> str:
            if isinstance(answer, Unasked):
                raise answer
            return answer

        monkeypatch.setattr(audit, "write_bill", lambda: {"components": components})
        monkeypatch.setattr(audit, "read_list", lambda text: (frozenset({"MIT"}), {}))
        monkeypatch.setattr(audit, "ask_for_faults", ask)
        return audit.main(), capsys.readouterr().err

    return run


def test_a_known_fault_is_told_with_the_version_that_mends_it() -> None:
    assert list(known_faults(said(SOUND, FAULTY))) == ["faulty 2.0: PYSEC-2026-1 is known of it, mended in 2.1, 3.0"]


def test_silence_is_not_soundness() -> None:
    with pytest.raises(Unasked, match="of 1 of 2 packages the index told nothing"):
        list(known_faults(said(SOUND, UNKNOWN)))


MIT = {"name": "a", "version": "1", "licenses": [{"license": {"id": "MIT"}}]}
GPL = {"name": "viral", "version": "1", "licenses": [{"license": {"id": "GPL-3.0-only"}}]}


@pytest.mark.parametrize(
    ("components", "answer", "status", "words"),
    [
        ([MIT], said(SOUND), 0, []),
        ([MIT], said(FAULTY), 4, ["faulty 2.0"]),
        ([GPL], said(SOUND), 4, ["viral 1"]),
        ([MIT], said(UNKNOWN), 5, ["not known: of 1 of 1"]),
        ([MIT], Unasked("no route"), 5, ["not known: no route"]),
        ([GPL], said(FAULTY, UNKNOWN), 4, ["viral 1", "faulty 2.0", "not known: of 1 of 2"]),
    ],
)
def test_the_exit_status_says_what_was_found(audited: Any, components: list[Any], answer: Any, status: int, words: list[str]) -> None:
    ended, told = audited(components, answer)
    assert ended == status
    assert len(told.splitlines()) == len(words)
    assert all(word in line for word, line in zip(words, told.splitlines(), strict=True))
