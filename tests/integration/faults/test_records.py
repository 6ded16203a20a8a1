"""Records in the wrong place, twice, in conflict, poisoned: once each, whoever comes first; the other is told."""

import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import orjson
import pytest

from deploy.local.servers import Redis
from schemas.catalogue import CLAIMS, RESULTS, dead_letters_of
from schemas.exact_json import read_json
from schemas.hospital import ClaimSubmitted
from schemas.refusal import Refused
from services.runtime.home import home_of
from tests.integration.faults.bills import bill, grant, person_of
from tests.integration.faults.city import DRAIN_S_MAX, City
from tests.integration.faults.conftest import Start
from tests.integration.faults.load import Load, healed, prove, prove_both
from tests.integration.pipeline import Pipeline
from tests.integration.topics import PARTITIONS, Event
from tests.integration.year import Ledger, Replayed, check, write_lines

pytestmark = pytest.mark.prove

CONTESTED = 2_000
LATE_SHARE = 0.3
POISON = (b"\xff\xfe", b"{", b"null", b"[]", b'{"type":"hospital.claim.submitted.v1"}', b"[" * 50_000)
POISON_TIMES = 20


@pytest.fixture
def pipeline(start: Start, kafka_bootstrap: str, redis_db: str) -> Pipeline:
    return start(kafka_bootstrap, redis_db)


def settle(pipeline: Pipeline, *services: str) -> None:
    pipeline.wait(lambda: pipeline.is_at_rest(*services), DRAIN_S_MAX)
    pipeline.verify()


def letters(pipeline: Pipeline) -> list[Event]:
    return [event["data"] for event in pipeline.read(dead_letters_of(CLAIMS))]


def test_persons_whose_records_lie_in_all_partitions(pipeline: Pipeline, city: City, tmp_path: Path) -> None:
    """Every record anywhere, three workers of which two die, a third of the identity events at the very end: as a replay in order of acceptance."""
    somewhere = Random(11)
    lines = list(without_conflicts(city.lines))
    late = {line for line in lines if b'"identity.' in line and somewhere.random() < LATE_SHARE}
    lines = [line for line in lines if line not in late] + [line for line in lines if line in late]
    doomed = {"settlement-2": "sent:kill:40", "settlement-3": "apply:kill:40"}
    for name in ("identity-1", "settlement-1", *doomed):
        pipeline.start(name, fails=doomed.get(name, ""))
    with Load(pipeline, lines, partition_of=lambda _line: somewhere.randrange(PARTITIONS)) as load:
        pipeline.wait_for_deaths(doomed, DRAIN_S_MAX)
        for name in doomed:
            pipeline.start(name)
        load.finish()
    settle(pipeline, "identity", "settlement")
    check(pipeline, Replayed(write_lines(tmp_path / "accepted.jsonl", as_accepted(pipeline, lines))), warnings=False)
    prove_both(pipeline)
    assert sum(event["data"]["revision"] > 0 for event in pipeline.read(RESULTS)) > len(late) / 10, "late news settled again"


def without_conflicts(lines: Sequence[bytes]) -> Iterator[bytes]:
    """The lines without those whose event id was used before with another content, and without admissions: which comes first is nobody's promise."""
    seen: dict[tuple[str, str], bytes] = {}
    for line in lines:
        if b'"hospital.admission.' in line:
            continue
        try:
            event = orjson.loads(line)
            key = (event["source"], event["id"])
        except (orjson.JSONDecodeError, TypeError, KeyError):
            yield line
            continue
        if seen.setdefault(key, line) == line:
            yield line


def as_accepted(pipeline: Pipeline, lines: Sequence[bytes]) -> list[bytes]:
    """The same lines, claims in the order in which the ledger accepted them, reversals last, those before that stood."""
    places: dict[bytes, int] = {}
    stood: set[tuple[str, str]] = set()
    for event in pipeline.read(RESULTS):
        data = event["data"]
        places[orjson.dumps(data["claim"], option=orjson.OPT_SORT_KEYS)] = data["sequence"]
        if data["outcome"] == "reversed":
            stood.add((data["claim_id"], data["reason"]))

    def order(line: bytes) -> tuple[int, int]:
        if b'"hospital.claim.' not in line:
            return 0, 0
        try:
            data = read_json(line)["data"]
            if b'"hospital.claim.reversed.v1"' in line:
                return 2, (data["claim_id"], data["reason"]) not in stood
            content = ClaimSubmitted.model_validate(data).wire()
        except (Refused, LookupError, TypeError, ValueError):  # it was refused
            return 3, 0
        return 1, places.get(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), len(lines))

    return sorted(lines, key=order)


def test_the_same_claim_twice_counts_once_and_another_content_is_told(pipeline: Pipeline) -> None:
    """Sent twice with equal content, and with other content; into one partition, and into two; under two workers, one of which dies."""
    somewhere = Random(12)
    places: dict[bytes, list[int]] = {}
    contents: dict[str, set[bytes]] = {}
    for number in range(CONTESTED):
        claim, person = f"C{number}", f"P{number % 97}"
        first = bill(person, claim, 3_000)
        second = first if number % 2 else bill(person, claim, 4_000)
        one = somewhere.randrange(PARTITIONS)
        other = one if number % 4 < 2 else (one + 1) % PARTITIONS
        places.setdefault(first, []).append(one)
        places.setdefault(second, []).append(other)
        contents[claim] = {first, second}
    lines = [line for line, where in places.items() for _ in where]
    somewhere.shuffle(lines)
    left = {line: list(where) for line, where in places.items()}
    for name in ("identity-1", "settlement-1", "settlement-2"):
        pipeline.start(name)
    pipeline.publish([grant(f"P{number}") for number in range(97)])
    pipeline.wait(lambda: pipeline.is_at_rest("identity"), DRAIN_S_MAX)
    pipeline.publish(lines, partition_of=lambda line: left[line].pop())
    pipeline.kill("settlement-1")
    pipeline.start("settlement-1")
    settle(pipeline, "settlement")
    ledger = Ledger(pipeline.read(RESULTS))
    assert len(ledger.newest) == CONTESTED
    told = letters(pipeline)
    assert {letter["reason"] for letter in told} == {"conflicting_duplicate"}
    assert sorted(orjson.loads(letter["payload"])["data"]["claim_id"] for letter in told) == sorted(
        claim for claim, content in contents.items() if len(content) == 2
    )


def test_two_persons_with_one_claim_key_while_redis_is_lost(start: Start, kafka_bootstrap: str, own_redis: Redis) -> None:
    """Both at once, at home in lanes of two workers, while Redis is restarted empty again and again: one of them has it, never both."""
    pipeline = start(kafka_bootstrap, own_redis.url)
    for name in ("settlement-1", "settlement-2"):
        pipeline.start(name)
    pipeline.wait(lambda: len(pipeline.told("lane taken")) >= PARTITIONS, DRAIN_S_MAX)
    for third in range(3):
        keys = range(third * CONTESTED, (third + 1) * CONTESTED)
        pipeline.publish([bill(person, f"C{number}", 3_000) for number in keys for person in rivals(number)])
        own_redis.kill()
        own_redis.restart(empty=True)
    check_rivals(pipeline, 3 * CONTESTED)
    prove(healed(pipeline), "no lane had to heal")


def test_two_persons_with_one_claim_key_and_redis_lost_between_booking_and_commit(
    start: Start, kafka_bootstrap: str, own_redis: Redis, tmp_path: Path
) -> None:
    """A worker that has booked keys and not committed them meets an empty Redis; the rivals' worker is there to book them meanwhile."""
    hold = tmp_path / "hold"
    pipeline = start(kafka_bootstrap, own_redis.url, MEDAID_TEST_HOLD=str(hold))
    hold.touch()
    pipeline.start("settlement-2")
    pipeline.wait(lambda: len(pipeline.told("lane taken")) >= PARTITIONS, DRAIN_S_MAX)
    pipeline.start("settlement-1", fails="booked:wait:1")
    pipeline.wait(lambda: len(pipeline.told("lane taken")) >= 2 * PARTITIONS, DRAIN_S_MAX)  # shared between the two
    first = [bill(rivals(number)[0], f"C{number}", 3_000) for number in range(CONTESTED)]
    pipeline.publish(first, partition_of=lambda line: home_of(person_of(line), PARTITIONS))
    pipeline.wait(hold.with_suffix(".reached").exists, DRAIN_S_MAX)
    pipeline.wait(lambda: any(pipeline.values(RESULTS)), DRAIN_S_MAX)  # the other has what Redis can lose
    own_redis.kill()
    own_redis.restart(empty=True)
    before = len(pipeline.told("lane taken"))
    second = [bill(rivals(number)[1], f"C{number}", 3_000) for number in range(CONTESTED)]
    pipeline.publish(second, partition_of=lambda line: home_of(person_of(line), PARTITIONS))
    pipeline.wait(lambda: len(pipeline.told("lane taken")) > before, DRAIN_S_MAX)  # the others are healed, and wait at the gate
    assert not any(b'"person_id":"Q' in (value or b"") for _, value in pipeline.values(RESULTS)), "a rival passed the gate"
    hold.unlink()
    check_rivals(pipeline, CONTESTED)
    prove(healed(pipeline), "no lane had to heal")


def rivals(number: int) -> tuple[str, str]:
    """Two persons who are at home in different lanes."""
    first = f"P{number}"
    return first, next(
        name for name in map("Q{}".format, range(number, number + 100)) if home_of(name, PARTITIONS) != home_of(first, PARTITIONS)
    )


def check_rivals(pipeline: Pipeline, keys: int) -> None:
    """Each key has one holder, and the other's bill is a conflict that was told."""
    settle(pipeline, "settlement")
    assert len(Ledger(pipeline.read(RESULTS)).newest) == keys
    told = letters(pipeline)
    assert {letter["reason"] for letter in told} == {"conflicting_duplicate"}
    winners = {(event["data"]["claim_id"], event["data"]["person_id"]) for event in pipeline.read(RESULTS)}
    losers = [(data["claim_id"], data["person_id"]) for letter in told for data in [orjson.loads(letter["payload"])["data"]]]
    assert len(losers) == len(set(losers)) == keys
    assert winners.isdisjoint(losers)


def test_poison_between_good_records_stops_nobody(pipeline: Pipeline) -> None:
    """One dead letter for each, though a worker is killed among them; the good ones are settled."""
    lines = [bill(f"P{number % 50}", f"C{number}", 3_000) for number in range(CONTESTED)]
    for name in ("settlement-1", "settlement-2"):
        pipeline.start(name)
    pipeline.publish(lines[: CONTESTED // 2])
    pipeline.append(CLAIMS, {partition: [*POISON] * POISON_TIMES for partition in range(PARTITIONS)})
    pipeline.publish(lines[CONTESTED // 2 :])
    pipeline.send("settlement-1", signal.SIGKILL)
    pipeline.wait_for_deaths(["settlement-1"], DRAIN_S_MAX)
    settle(pipeline, "settlement")
    assert len(Ledger(pipeline.read(RESULTS)).newest) == CONTESTED
    places = Counter((letter["partition"], letter["offset"]) for letter in letters(pipeline))
    assert set(places.values()) == {1}
    assert len(places) == PARTITIONS * len(POISON) * POISON_TIMES
