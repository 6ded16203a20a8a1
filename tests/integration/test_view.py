"""What a view promises its lanes (`services/runtime/ports.py`), held by the view in memory and the view in Redis alike."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from services.runtime.connections import Connections
from services.runtime.errors import Doubt
from services.runtime.memory_view import MemoryView
from services.runtime.ports import Closed, Loaded, Moved, View
from services.runtime.records import Want, Watermark, Writes
from services.runtime.redis_client import connect
from services.runtime.redis_view import RedisView

LANES = 2
START: Watermark = {"results": 10, "timelines": 3}
NEXT: Watermark = {"results": 14, "timelines": 3}
YEAR = "year:P1:2025"
BOOKING = Want(bookings={"H1/C1": "P1"})
PAID = Writes(documents={YEAR: {"paid": b"210000"}}, bookings={"H1/C9": "P9"})


@dataclass(frozen=True)
class Store:
    """A view, and how its store is emptied while it runs."""

    view: View
    flush: Callable[[], Awaitable[None]]


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "memory":
        memory = MemoryView(LANES)

        async def empty() -> None:
            memory.lose()

        yield Store(memory, empty)
        return
    client = connect(Connections(redis_url=request.getfixturevalue("redis_db")))
    view = RedisView(client, "test:", LANES, deadline_s=10)

    async def flush() -> None:
        await client.flushdb()

    yield Store(view, flush)
    await view.close()


@pytest.fixture
def view(store: Store) -> View:
    return store.view


@pytest.fixture
async def opened(view: View) -> View:
    """Every lane healed, lane 0 at START."""
    await heal(view, 0, START)
    await heal(view, 1, {"results": 0, "timelines": 0})
    return view


async def heal(view: View, lane: int, to: Watermark) -> None:
    assert await view.apply(lane, None, to, Writes(), healed_in=await view.run())


async def loaded(view: View, want: Want, at: Watermark = START) -> Loaded:
    answer = await view.load(0, at, want)
    assert isinstance(answer, Loaded)
    return answer


async def peeked_document(view: View, key: str = YEAR) -> dict[str, bytes]:
    return dict((await view.peek(0, Want(documents={key: None}))).documents[key])


async def holder(view: View, key: str) -> str | None:
    return (await view.peek(0, Want(peeks=frozenset({key})))).holders.get(key)


async def test_the_gate_opens_when_the_last_lane_is_healed(view: View) -> None:
    run = await view.run()
    assert await view.load(0, START, Want()) == Closed(run)
    await heal(view, 0, START)
    assert await view.load(0, START, Want()) == Closed(run)
    assert await view.load(1, START, Want()) == Closed(run)
    await heal(view, 1, START)
    assert await view.load(0, START, Want()) == Loaded(run, START)


async def test_a_write_without_the_mark_does_not_open_the_gate(view: View) -> None:
    await heal(view, 0, START)
    assert await view.apply(1, None, START, PAID)
    assert await view.load(0, START, Want()) == Closed(await view.run())


async def test_the_same_lane_healed_twice_counts_once(view: View) -> None:
    await heal(view, 0, START)
    assert await view.apply(0, START, NEXT, Writes(), healed_in=await view.run())
    assert await view.load(0, NEXT, Want()) == Closed(await view.run())


async def test_a_shut_gate_books_nothing_and_hides_a_moved_watermark(view: View) -> None:
    await heal(view, 0, START)
    assert isinstance(await view.load(0, NEXT, BOOKING), Closed)
    assert await holder(view, "H1/C1") is None


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(NEXT, id="another offset"),
        pytest.param({"results": 10}, id="a topic less"),
        pytest.param({**START, "waiting": 0}, id="a topic more"),
        pytest.param({"results": 10, "waiting": 3}, id="another topic"),
        pytest.param({}, id="no topic"),
    ],
)
async def test_another_watermark_is_moved_and_books_nothing(opened: View, at: Watermark) -> None:
    assert await opened.load(0, at, BOOKING) == Moved(await opened.run())
    assert await holder(opened, "H1/C1") is None
    assert not await opened.apply(0, at, NEXT, PAID)
    assert await opened.load(0, START, Want()) == Loaded(await opened.run(), START)


async def test_a_watermark_is_one_lanes_own(opened: View) -> None:
    assert await opened.apply(1, {"results": 0, "timelines": 0}, NEXT, PAID)
    assert await opened.load(0, START, Want()) == Loaded(await opened.run(), START)


async def test_a_late_writer_changes_nothing(opened: View) -> None:
    assert await opened.apply(0, START, NEXT, PAID)
    late = Writes(documents={YEAR: {"paid": b"50000"}, "other": {"x": b"1"}}, bookings={"H1/C9": "P8", "H1/C10": "P8"})
    assert not await opened.apply(0, START, {"results": 20, "timelines": 9}, late)
    seen = await loaded(opened, Want(documents={YEAR: None, "other": None}, peeks=frozenset({"H1/C9", "H1/C10"})), NEXT)
    assert seen.documents == {YEAR: {"paid": b"210000"}, "other": {}}
    assert seen.holders == {"H1/C9": "P9"}


async def test_repeating_a_write_is_harmless(opened: View) -> None:
    assert await opened.apply(0, START, NEXT, PAID)
    assert not await opened.apply(0, START, NEXT, PAID)
    assert await opened.apply(0, NEXT, NEXT, PAID)
    assert await opened.apply(0, NEXT, NEXT, PAID)
    assert (await loaded(opened, Want(documents={YEAR: None}), NEXT)).documents == {YEAR: {"paid": b"210000"}}


async def test_a_new_lane_has_no_watermark_and_only_that_is_none(view: View) -> None:
    run = await view.run()
    assert (await view.peek(0, Want())).watermark is None
    assert not await view.apply(0, START, NEXT, PAID)
    assert await view.apply(0, None, START, Writes())
    assert not await view.apply(0, None, NEXT, PAID)
    assert await view.peek(0, Want(documents={YEAR: None})) == Loaded(run, START, {YEAR: {}})


async def test_a_watermark_of_no_topics_is_none_at_all(view: View) -> None:
    for lane in range(LANES):
        await heal(view, lane, {})
    assert await view.load(0, {}, Want()) == Loaded(await view.run(), None)
    assert await view.apply(0, {}, {}, PAID)
    assert await view.apply(0, None, START, Writes())
    assert await view.load(0, {}, Want()) == Moved(await view.run())


async def test_a_watermark_is_replaced_whole(opened: View) -> None:
    assert await opened.apply(0, START, {"waiting": 1}, Writes())
    assert await opened.load(0, {"waiting": 1}, Want()) == Loaded(await opened.run(), {"waiting": 1})


async def test_offsets_beyond_a_floats_precision_are_told_apart(opened: View) -> None:
    assert await opened.apply(0, START, {"results": 2**53 + 1}, Writes())
    assert isinstance(await opened.load(0, {"results": 2**53}, Want()), Moved)
    assert (await loaded(opened, Want(), {"results": 2**53 + 1})).watermark == {"results": 2**53 + 1}


async def test_the_first_to_book_a_key_holds_it(opened: View) -> None:
    assert (await loaded(opened, BOOKING)).holders == {"H1/C1": "P1"}
    assert (await loaded(opened, Want(bookings={"H1/C1": "P2", "H1/C2": "P2"}))).holders == {"H1/C1": "P1", "H1/C2": "P2"}


async def test_peeks_book_nothing_and_see_this_calls_bookings(opened: View) -> None:
    want = Want(bookings={"H1/C1": "P1"}, peeks=frozenset({"H1/C1", "H1/C2"}))
    assert (await loaded(opened, want)).holders == {"H1/C1": "P1"}
    assert await holder(opened, "H1/C2") is None


async def test_peek_looks_at_bookings_without_making_them(opened: View) -> None:
    assert (await opened.peek(0, BOOKING)).holders == {}
    await loaded(opened, BOOKING)
    assert (await opened.peek(0, Want(bookings={"H1/C1": "P2"}))).holders == {"H1/C1": "P1"}


async def test_a_write_sets_index_keys_whoever_held_them(opened: View) -> None:
    await loaded(opened, BOOKING)
    assert await opened.apply(0, START, NEXT, Writes(bookings={"H1/C1": "P2"}))
    assert await holder(opened, "H1/C1") == "P2"


async def test_peek_answers_whatever_the_gate_says(view: View) -> None:
    run = await view.run()
    assert await view.apply(0, None, START, PAID)
    want = Want(documents={YEAR: None}, peeks=frozenset({"H1/C9"}))
    assert await view.peek(0, want) == Loaded(run, START, {YEAR: {"paid": b"210000"}}, {"H1/C9": "P9"})


async def test_missing_documents_are_empty_and_missing_index_keys_absent(opened: View) -> None:
    want = Want(documents={"a": None, "b": ("x", "y"), "c": ()}, peeks=frozenset({"nobody"}))
    assert await opened.load(0, START, want) == Loaded(await opened.run(), START, {"a": {}, "b": {}, "c": {}}, {})


async def test_a_hash_comes_whole_or_by_the_fields_wanted(opened: View) -> None:
    writes = Writes(documents={"a": {"x": b"1", "y": b"2", "z": b"3"}, "b": {"x": b"4"}})
    assert await opened.apply(0, START, NEXT, writes)
    seen = await loaded(opened, Want(documents={"a": ("z", "missing", "x"), "b": None}), NEXT)
    assert seen.documents == {"a": {"z": b"3", "x": b"1"}, "b": {"x": b"4"}}
    assert (await loaded(opened, Want(documents={"a": None, "b": ()}), NEXT)).documents == {"a": writes.documents["a"], "b": {}}


async def test_a_write_touches_only_its_fields_and_none_deletes(opened: View) -> None:
    assert await opened.apply(0, START, NEXT, Writes(documents={"a": {"x": b"1", "y": b"2"}, "b": {"x": b"1"}}))
    assert await opened.apply(0, NEXT, NEXT, Writes(documents={"a": {"y": None, "z": b"3", "never": None}, "b": {"x": None}}))
    assert (await loaded(opened, Want(documents={"a": None, "b": None}), NEXT)).documents == {"a": {"x": b"1", "z": b"3"}, "b": {}}


async def test_what_was_loaded_is_the_readers_own(opened: View) -> None:
    assert await opened.apply(0, START, NEXT, PAID)
    before = await loaded(opened, Want(documents={YEAR: None}), NEXT)
    assert await opened.apply(0, NEXT, NEXT, Writes(documents={YEAR: {"paid": b"0"}}))
    assert before.documents == {YEAR: {"paid": b"210000"}}


async def test_values_are_bytes_and_names_any_text(opened: View) -> None:
    document = {"空": b"", "zero": b"\x00\x00", "line": b"\r\n$3\r\n", "not text": bytes(range(256)), "": b"nameless"}
    key, index_key = "年:王 五/2025:*?[", "医院/单 1:\r\n"
    assert await opened.apply(0, START, NEXT, Writes(documents={key: document}, bookings={index_key: "人|110101|2025"}))
    seen = await loaded(opened, Want(documents={key: None}, peeks=frozenset({index_key})), NEXT)
    assert (seen.documents, seen.holders) == ({key: document}, {index_key: "人|110101|2025"})
    assert (await loaded(opened, Want(documents={key: tuple(document)}), NEXT)).documents == {key: document}


async def test_a_document_may_have_very_many_fields(opened: View) -> None:
    document = {f"claim-{number}": str(number).encode() for number in range(10_001)}
    assert await opened.apply(0, START, NEXT, Writes(documents={YEAR: document, "after": {"x": b"1"}}))
    assert (await loaded(opened, Want(documents={YEAR: tuple(document), "after": ("x",)}), NEXT)).documents == {
        YEAR: document,
        "after": {"x": b"1"},
    }
    assert await opened.apply(0, NEXT, NEXT, Writes(documents={YEAR: dict.fromkeys(document), "after": {"x": None}}))
    assert (await opened.peek(0, Want(documents={YEAR: None, "after": None}))).documents == {YEAR: {}, "after": {}}


async def test_a_view_that_is_forgotten_is_empty_and_another_run(redis_db: str) -> None:
    view = RedisView(connect(Connections(redis_url=redis_db)), "test:", LANES, deadline_s=10)
    neighbour = RedisView(connect(Connections(redis_url=redis_db)), "test-2:", LANES, deadline_s=10)
    for lane in range(LANES):
        await heal(view, lane, START)
        await heal(neighbour, lane, START)
    many = Writes({f"y/{number}": {"paid": b"1"} for number in range(3_000)}, {f"H1/{number}": "P1" for number in range(3_000)})
    assert await view.apply(0, START, NEXT, many)
    assert await neighbour.apply(0, START, NEXT, PAID)
    run = await view.run()
    steps = [dropped async for dropped in view.forget()]
    assert len(steps) > 3
    assert steps == sorted(steps)
    assert not await connect(Connections(redis_url=redis_db)).keys("test:*")
    assert await view.run() != run
    assert await loaded(neighbour, Want(documents={YEAR: None}), NEXT) == Loaded(await neighbour.run(), NEXT, PAID.documents)
    await view.close()
    await neighbour.close()


async def test_nobody_heals_a_view_that_is_being_forgotten(redis_db: str) -> None:
    view = RedisView(connect(Connections(redis_url=redis_db)), "test:", LANES, deadline_s=10)
    await heal(view, 0, START)
    assert await view.apply(1, None, START, PAID)
    forgetting = view.forget()
    await anext(forgetting)
    with pytest.raises(Doubt, match="being emptied"):
        await view.run()
    assert isinstance(await view.load(0, START, Want()), Closed)
    assert not await view.apply(0, None, START, PAID)
    await forgetting.aclose()
    with pytest.raises(Doubt, match="once more"):
        await view.run()
    assert [dropped async for dropped in view.forget()]
    await heal(view, 0, START)
    await view.close()


async def test_who_began_to_forget_and_wakes_late_drops_nothing_that_was_healed_since(redis_db: str) -> None:
    view = RedisView(connect(Connections(redis_url=redis_db)), "test:", LANES, deadline_s=10)
    many = Writes({f"y/{number}": {"paid": b"1"} for number in range(3_000)}, {"H1/C1": "P1"})
    assert await view.apply(0, None, START, many)
    late = view.forget()
    await anext(late)
    assert [dropped async for dropped in view.forget()]
    await heal(view, 1, START)
    assert await view.apply(0, None, START, many, healed_in=await view.run())
    with pytest.raises(Doubt, match="somebody else"):
        _ = [dropped async for dropped in late]
    seen = await view.peek(0, Want(dict.fromkeys(many.documents), peeks=frozenset({"H1/C1"})))
    assert (seen.watermark, seen.documents, seen.holders) == (START, many.documents, many.bookings)
    await view.close()


async def test_a_heal_of_another_run_writes_nothing(view: View) -> None:
    assert not await view.apply(0, None, START, PAID, healed_in="another run")
    run = await view.run()
    assert await view.peek(0, Want(documents={YEAR: None}, peeks=frozenset({"H1/C9"}))) == Loaded(run, None, {YEAR: {}})
    assert await view.load(0, START, Want()) == Closed(run)


async def test_a_store_that_was_emptied_as_it_ran_is_another_run(opened: View, store: Store) -> None:
    run = await opened.run()
    assert await opened.apply(0, START, NEXT, PAID)
    await store.flush()
    seen = await opened.peek(0, Want(documents={YEAR: None}, peeks=frozenset({"H1/C9"})))
    assert (seen.watermark, seen.documents, seen.holders) == (None, {YEAR: {}}, {})
    closed = await opened.load(0, NEXT, BOOKING)
    assert isinstance(closed, Closed)
    assert run not in {seen.run, closed.run, await opened.run()}


async def test_a_late_heal_writes_nothing_into_a_store_that_was_emptied(opened: View, store: Store) -> None:
    """A zombie in the last step of its first heal: the marks of the old life must not open the gate of the new one."""
    run = await opened.run()
    await store.flush()
    assert not await opened.apply(0, None, START, PAID, healed_in=run)
    assert (await opened.peek(0, Want(documents={YEAR: None}))).documents == {YEAR: {}}
