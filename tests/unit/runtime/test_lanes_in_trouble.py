"""Each result once, in order, whatever happens at whichever step of a lane. Each safeguard taken away, these tests fail (tried)."""

import random
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import orjson
import pytest

from services.runtime.errors import Doubt
from services.runtime.records import TopicPartition
from tests.unit.runtime.counting import AMOUNTS, PAID, Counting, Person, document_of, read_person
from tests.unit.runtime.world import BOTH, LANES, Crash, Fault, Owner, World, healed_from_nothing, right_people

REFUSED = {(AMOUNTS, 0, 9, "processing_failed"), (AMOUNTS, 1, 9, "processing_failed"), (AMOUNTS, 0, 10, "malformed_json")}
CONFLICTS = {(AMOUNTS, 0, 8, "conflicting_duplicate"), (AMOUNTS, 1, 8, "conflicting_duplicate")}
"""The two records that use `BOTH`; one of them is refused."""
OTHER_AMOUNT = (AMOUNTS, 0, 11, "conflicting_duplicate")


async def crash(world: World) -> None:
    raise Crash


async def lose_a_reply(world: World) -> None:
    raise Doubt("a reply was lost")


async def lose_the_view(world: World) -> None:
    world.view.lose()


async def empty_the_view_under_its_run(world: World) -> None:
    world.view.flush()


async def set_the_view_back_a_little(world: World) -> None:
    world.view.lose(world.history[-min(len(world.history), 4)])


async def set_the_view_back_far(world: World) -> None:
    world.view.lose(world.history[len(world.history) // 2])


async def hand_over_to_an_idle_owner(world: World) -> None:
    """Somebody else takes both lanes while the former owner, now a zombie, goes on."""
    for lane in range(LANES):
        with suppress(Doubt):
            await Owner(world.kafka, world.view, lane).take()


async def hand_over_to_a_busy_owner(world: World) -> None:
    """As above, and settles what can be settled."""
    owners = [Owner(world.kafka, world.view, lane) for lane in range(LANES)]
    for owner in owners:
        await owner.take()
    with suppress(Doubt):
        while any([await owner.turn() for owner in owners]):
            pass


async def set_the_offsets_to_zero(world: World) -> None:
    """As an operator may do while no owner runs."""
    for topic in Counting.inputs:
        for lane in range(LANES):
            world.kafka.reset(Counting.name, TopicPartition(topic, lane), 0)
    raise Crash


FAULTS: tuple[Fault, ...] = (
    crash,
    lose_a_reply,
    lose_the_view,
    empty_the_view_under_its_run,
    set_the_view_back_a_little,
    set_the_view_back_far,
    hand_over_to_an_idle_owner,
    hand_over_to_a_busy_owner,
    set_the_offsets_to_zero,
)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
async def test_each_result_comes_once_whatever_happens_at_one_step(fault: Fault) -> None:
    undisturbed = World()
    await undisturbed.run()
    await check(undisturbed)
    for step in range(len(undisturbed.steps)):
        world = World()
        world.faults[step] = fault
        try:
            await world.run()
            await check(world, again=fault is set_the_offsets_to_zero)
        except BaseException as error:
            error.add_note(f"{fault.__name__} at step {step}, {undisturbed.steps[step]}")
            raise


@pytest.mark.parametrize("seed", range(150))
async def test_each_result_comes_once_whatever_happens_again_and_again(seed: int) -> None:
    chance = random.Random(seed)
    world = World()
    world.faults = {chance.randrange(400): chance.choice(FAULTS) for _ in range(chance.randrange(2, 12))}
    again = set_the_offsets_to_zero in world.faults.values()
    await world.run()
    await check(world, again=again)


async def check(world: World, *, again: bool = False) -> None:
    """The ledger has each revision once and in order, the view says what it says, a bad record has one letter, or more if read `again`."""
    ledger = [(record.partition, orjson.loads(record.value or b"")) for record in world.kafka.records(PAID)]
    last: dict[str, dict[str, int]] = {}
    for partition, paid in ledger:
        before = last.get(paid["key"], {"revision": -1, "partition": partition})
        assert (paid["revision"], partition) == (before["revision"] + 1, before["partition"])
        last[paid["key"]] = paid | {"partition": partition}
    people = {key: read_person(document) for key, document in world.view.snapshot().documents.items()}
    check_people(people, last)
    healed = (await healed_from_nothing(world.kafka)).snapshot()
    assert world.view.snapshot().documents == healed.documents
    assert world.view.snapshot().holders.items() >= healed.holders.items()
    check_refused(Counter(world.refused()), again=again)
    for topic in Counting.inputs:
        for lane in range(LANES):
            at = world.kafka.committed(Counting.name, TopicPartition(topic, lane))
            assert world.kafka.fetch(TopicPartition(topic, lane), at).records == ()


def check_people(people: dict[str, Person], last: dict[str, dict[str, int]]) -> None:
    for name, right in right_people().items():
        found = people.pop(name)
        for key, (amount, paid, revision) in found.claims.items():
            assert (last[key]["amount"], last[key]["paid"], last[key]["revision"]) == (amount, paid, revision)
            assert document_of(str(last[key]["person"])) == name
        found = replace(found, claims={key: (amount, paid, 0) for key, (amount, paid, _) in found.claims.items() if key != BOTH})
        assert found == right
    assert not people
    assert last.keys() == {key for right in right_people().values() for key in right.claims} | {BOTH}


def check_refused(letters: Counter[tuple[str, int, int, str]], *, again: bool) -> None:
    loser = letters.keys() & CONFLICTS
    assert len(loser) == 1
    assert letters.keys() == REFUSED | {OTHER_AMOUNT} | loser
    assert again or set(letters.values()) == {1}
