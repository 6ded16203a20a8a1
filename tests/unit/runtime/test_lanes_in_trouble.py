"""Each result once, in order, whatever happens at whichever step of a lane."""

import random
from collections import Counter
from contextlib import suppress
from dataclasses import replace

import orjson
import pytest

from services.runtime.errors import Doubt
from services.runtime.records import TopicPartition
from tests.unit.runtime.counting import PAID, Counting, Person, document_of, read_person
from tests.unit.runtime.feed import LANES, SHARED, right_people
from tests.unit.runtime.world import Crash, Fault, GateShut, Owner, World, healed_from_nothing

pytestmark = pytest.mark.usefixtures("logs")

Paid = dict[str, dict[str, str | int]]


async def crash(world: World) -> None:
    raise Crash


async def lose_a_reply(world: World) -> None:
    raise Doubt("a reply was lost")


async def lose_the_view(world: World) -> None:
    world.view.lose()


async def set_the_view_back_a_little(world: World) -> None:
    world.view.lose(world.history[-min(len(world.history), 4)])


async def set_the_view_back_far(world: World) -> None:
    world.view.lose(world.history[len(world.history) // 2])


async def hand_over_to_an_idle_owner(world: World) -> None:
    """Somebody else takes both lanes; the former owners, now zombies, go on."""
    for lane in range(LANES):
        with suppress(Doubt):
            await Owner(world.kafka, world.view, lane).take()


async def hand_over_to_a_busy_owner(world: World) -> None:
    """As above, and settles what can be settled."""
    owners = [Owner(world.kafka, world.view, lane) for lane in range(LANES)]
    with suppress(Doubt, GateShut):
        while any([await owner.turn() for owner in owners]):
            pass


async def set_the_offsets_to_zero(world: World) -> None:
    """As an operator may do while no owner runs."""
    for topic in Counting.inputs:
        for lane in range(LANES):
            world.kafka.reset(Counting.name, TopicPartition(topic, lane), 0)
    world.restart()
    raise Crash


FAULTS: tuple[Fault, ...] = (
    crash,
    lose_a_reply,
    lose_the_view,
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
    for step, name in enumerate(undisturbed.steps):
        world = World({step: fault})
        try:
            await world.run()
            await check(world, again=fault is set_the_offsets_to_zero)
        except BaseException as error:
            error.add_note(f"{fault.__name__} at step {step}, {name}")
            raise


@pytest.mark.parametrize("seed", range(200))
async def test_each_result_comes_once_whatever_happens_again_and_again(seed: int) -> None:
    chance = random.Random(seed)
    faults = {chance.randrange(500): chance.choice(FAULTS) for _ in range(chance.randrange(2, 16))}
    world = World(dict(faults), chance)
    await world.run()
    await check(world, again=set_the_offsets_to_zero in faults.values())


async def check(world: World, *, again: bool = False) -> None:
    """The ledger and the dead letters are right and everything was read (parts of it `again`); the view says what the ledger says."""
    last = check_ledger(world)
    shared = {key: str(last[key]["person"]) for key in SHARED}
    check_people(world, last, shared)
    letters = Counter(world.refused())
    losers = {next(letter for user, letter in users.items() if user != shared[key]) for key, users in world.feed.conflicts.items()}
    assert letters.keys() == world.feed.refused | losers
    assert again or set(letters.values()) == {1}
    healed = (await healed_from_nothing(world.kafka)).snapshot()
    assert world.view.snapshot().documents == healed.documents
    assert world.view.snapshot().holders.items() >= healed.holders.items()
    for topic in Counting.inputs:
        for lane in range(LANES):
            partition = TopicPartition(topic, lane)
            assert world.kafka.fetch(partition, world.kafka.committed(Counting.name, partition)).records == ()


def check_ledger(world: World) -> Paid:
    """Each key has one person, and its revisions once, in order, in one partition. Returns the last of each."""
    last: Paid = {}
    for record in world.kafka.records(PAID):
        paid = orjson.loads(record.value or b"") | {"partition": record.partition}
        before = last.get(paid["key"], paid | {"revision": -1})
        assert paid["revision"] == before["revision"] + 1
        assert (paid["person"], paid["amount"], paid["partition"]) == (before["person"], before["amount"], before["partition"])
        last[paid["key"]] = paid
    return last


def check_people(world: World, last: Paid, shared: dict[str, str]) -> None:
    """Everybody has what he must have, and the ledger's last word says so."""
    found: dict[str, Person] = {}
    for name, document in world.view.snapshot().documents.items():
        person = read_person(document)
        for key, (amount, paid, revision) in person.claims.items():
            said = last.pop(key)
            assert (document_of(str(said["person"])), said["amount"], said["paid"], said["revision"]) == (name, amount, paid, revision)
        found[name] = replace(person, claims={key: (amount, paid, 0) for key, (amount, paid, _) in person.claims.items()})
    assert found == right_people(shared)
    assert not last
