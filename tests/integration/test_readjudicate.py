"""`medaid readjudicate` on real Kafka and Redis: a city settled under one reading of its decree, read otherwise since, asked for, broken off, and settled."""

import os
import pty
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.catalogue import AUDIT, OPERATOR_EVENTS, RESULTS
from schemas.money import signed_fen, yuan_text
from services.policy.library import load_policies
from services.synthetic import generate
from tests.integration.pipeline import MEDAID, Pipeline

REGION, PERSONS = "wuxi", 40
OTHERWISE = f"{REGION}.tilt_referral=referred_only"
SCOPE = ("--region", REGION, "--year", "2025")
BY = ("--operator", "li", "--reason", "tilt_referral read otherwise")
SERVICES = ("identity-1", "settlement-1")

pytestmark = pytest.mark.prove


class Site:
    """A site of one city, and an operator at its command line."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    def is_at_rest(self) -> bool:
        """Whether identity and settlement have nothing left to read."""
        return self.pipeline.is_at_rest("identity", "settlement")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`medaid readjudicate …` of the city's year, without a terminal."""
        command = [MEDAID, "readjudicate", *SCOPE, *arguments]
        return subprocess.run(
            command, env=self.pipeline.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=120
        )

    def break_off(self, requests: int) -> tuple[int, str]:
        """The same at a terminal, which agrees, and is interrupted when so many requests lie in Kafka. Returns: its status, and what it complained of."""
        terminal, line = pty.openpty()
        command = [MEDAID, "readjudicate", *SCOPE, *BY, "--rate", "1"]
        process = subprocess.Popen(
            command,
            env=self.pipeline.environment,
            stdin=line,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            preexec_fn=hear_interrupts,
        )
        os.write(terminal, b"y\n")
        self.pipeline.wait(lambda: len(self.asked()) >= requests, 90)
        process.send_signal(signal.SIGINT)
        complaints = process.communicate(timeout=60)[1].decode()
        os.close(terminal)
        os.close(line)
        return process.returncode, complaints

    def asked(self) -> Counter[str]:
        """How many requests lie in Kafka for each person."""
        return Counter(event["data"]["person_id"] for event in self.pipeline.read(OPERATOR_EVENTS))

    def paid_fen(self) -> int:
        """What the fund owes more because operators asked."""
        results = self.pipeline.read(RESULTS)
        return sum(signed_fen(event["data"]["delta"]) for event in results if event["data"]["caused_by"]["source"] == "/operators/cli:li")


def hear_interrupts() -> None:
    """A shell in the background lets SIGINT be ignored by what it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def site(kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path) -> Iterator[Site]:
    """The city's year, settled."""
    pipeline = Pipeline(kafka_bootstrap, redis_db, topic_prefix, tmp_path)
    pipeline.create_topics()
    for name in SERVICES:
        pipeline.start(name)
    made = Site(pipeline)
    pipeline.publish(list(generate(load_policies().current[REGION][-1], PERSONS, seed=5)))
    pipeline.wait(made.is_at_rest, 90)
    yield made
    pipeline.abandon()


def test_what_is_told_beforehand_is_what_is_settled(site: Site) -> None:
    """Nothing under the same reading; under the other one all of it, though the operator was interrupted and settlement was away; then nothing more."""
    same = site.run("--dry-run")
    assert (same.returncode, same.stderr) == (0, "")
    assert same.stdout.splitlines()[-1].startswith("years: 0 need a request ")

    assert site.pipeline.end("settlement-1") == 0
    site.pipeline.environment["MEDAID_READINGS"] = OTHERWISE
    told = site.run("--dry-run")
    assert (told.returncode, told.stderr) == (0, "")
    *_, total, years = told.stdout.splitlines()
    assert years.startswith(f"years: {PERSONS} need a request ")

    status, complaints = site.break_off(3)
    assert (status, "would pay back; go on? [y/N] broken off: " in complaints) == (130, True), complaints
    sent = len(site.asked())
    assert 3 <= sent < PERSONS
    rest = site.run("--dry-run")
    assert rest.stdout.splitlines()[-1].startswith(f"years: {PERSONS} need a request ")
    assert f", of {sent} it waits already; " in rest.stdout

    site.pipeline.start("settlement-1")
    done = site.run(*BY, "--yes", "--rate", "500")
    assert done.returncode == 0, done.stderr
    site.pipeline.wait(site.is_at_rest, 90)
    asked = site.asked()
    assert (len(asked), set(asked.values())) == (PERSONS, {1})
    paid_fen = site.paid_fen()
    assert paid_fen < 0
    assert f", {yuan_text(paid_fen)} yuan (" in total
    site.pipeline.verify()

    again = site.run(*BY, "--yes")
    assert (again.returncode, again.stderr) == (0, "nothing to ask for\n")
    assert again.stdout.splitlines()[-1].startswith("years: 0 need a request ")
    assert site.asked() == asked
    told = [event["data"] for event in site.pipeline.read(AUDIT) if event["type"] == "console.audit.readjudication_asked.v1"]
    assert [(one["operator"], one["reason"], one["requests"]) for one in told] == [
        ("cli:li", BY[-1], PERSONS),
        ("cli:li", BY[-1], PERSONS - sent),
    ]
    assert site.pipeline.stop() == dict.fromkeys(SERVICES, 0)
