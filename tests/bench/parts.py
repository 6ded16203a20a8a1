"""What `make bench` measures, part by part; each gives sections of the report, and has seen that what was settled in it is right."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from schemas.catalogue import RESULTS, TIMELINES, WARNINGS
from services.policy.library import load_policies
from tests.bench import growth, latency, replaying, rules
from tests.bench.course import Course, Run, in_turn, median_of
from tests.bench.expected import digest_of
from tests.bench.process import Site, Worker
from tests.bench.report import Section
from tests.bench.sizes import CHECKED_MAX, Size
from tests.bench.tasks import FLOOR, IDENTITY, MONITORING, QUIX, SETTLEMENT, certifying, settling, watching
from tests.bench.workload import Workload
from tests.integration.place import Place

CLAIMS_A_PERSON = 5
CLAIMS_MORE = 20
LOADS = (0.1, 0.5, 0.8)

Runs = Mapping[str, tuple[Workload, Callable[[], Run]]]
"""By what the report calls them: what is settled, and how."""


class Bench(NamedTuple):
    """Servers, and how much is to be measured."""

    course: Course
    size: Size

    def work(self) -> Workload:
        """The claims of the race."""
        return Workload(self.size.claims // CLAIMS_A_PERSON, self.size.claims)


def checked(work: Workload, topic: str, found: Iterable[str]) -> str:
    """Words about what was written; a replay of the same workload must say the same. Raises: AssertionError."""
    told = set(found)
    if work.claims > CHECKED_MAX:
        assert len(told) == 1, f"{topic}: {told}"
        return f"Hash of what was written: `{told.pop()}`."
    expected = digest_of(work, topic)
    assert told == {expected}, f"{topic}: {told}, by replay {expected}"
    return f"Hash of what was written, and of a replay: `{expected}`."


def rules_alone(bench: Bench) -> Iterator[Section]:
    """Settling called as a library, and a year settled anew."""
    size, regions = bench.size, load_policies().regions()
    rows = []
    for region in regions:
        for statuses in (1, 3):
            work = Workload(size.ruled // CLAIMS_A_PERSON, size.ruled, statuses, (region,))
            ruled = rules.settled(work, size.rounds)
            checked(work, RESULTS, [ruled.digest])
            rows.append((region, str(statuses), f"{ruled.cpu_us:.1f}", f"{ruled.per_second:,.0f}"))
    yield Section("Rules", "A claim settled by the policy engine, one core.", ("city", "statuses", "µs a claim", "claims a second"), rows)
    anew = [(region, *(f"{rules.settled_anew(region, claims, size.rounds):.1f}" for claims in size.years)) for region in regions]
    head = ("city", *(f"{claims:,} claims" for claims in size.years))
    yield Section("A year settled anew", "Microseconds a claim, one core.", head, anew)


def replay(bench: Bench) -> Iterator[Section]:
    """All three services over a file."""
    persons = bench.size.replayed // (CLAIMS_A_PERSON + 1)
    work = Workload(persons, bench.size.replayed - persons)
    path = replaying.file_of(work, bench.course.folder / "replay.jsonl")
    bare, whole = replaying.bare(path), replaying.replay(path)
    hashed = checked(work, RESULTS, [replaying.results_digest(path)])
    text = (
        f"{whole.lines:,} lines: grants, then claims; starting counted in. "
        f"**Replay takes {whole.cpu_s / bare.cpu_s:.1f} × the CPU of the bare loop.** {hashed}"
    )
    rows = [
        (name, f"{spent.cpu_us:.0f}", f"{spent.lines / spent.seconds:,.0f}", f"{spent.peak_bytes >> 20}")
        for name, spent in (("bare loop: read with the models, write one result", bare), ("`medaid replay`, three services", whole))
    ]
    yield Section("Replay", text, ("", "CPU µs a line", "lines a second", "peak MiB"), rows)


def race(bench: Bench) -> Iterator[Section]:
    """Settlement against the floor and a Quix Streams worker; then at steady rates."""
    work, run = bench.work(), bench.course.run
    runs = in_turn(
        bench.size.rounds,
        {
            "floor": partial(run, FLOOR, settling(work)),
            "medaid": partial(run, SETTLEMENT, settling(work)),
            "Quix Streams": partial(run, QUIX, settling(work)),
            "medaid, misplaced": partial(run, SETTLEMENT, settling(work, misplaced=True)),
        },
    )
    hashed = checked(work, RESULTS, [one.digest for name, found in runs.items() if name != "floor" for one in found])
    cpu = {name: median_of(found, lambda one: one.cpu_us) for name, found in runs.items()}
    speed = {name: median_of(found, lambda one: one.per_second) for name, found in runs.items()}
    text = (
        f"{work.claims:,} claims from topic to committed result; misplaced: every claim lies in a partition that is not its person's. **In claims a CPU "
        f"second the worker has {cpu['floor'] / cpu['medaid']:.0%} of the floor and {cpu['Quix Streams'] / cpu['medaid']:.2f} × Quix Streams; by the "
        f"clock {speed['medaid'] / speed['floor']:.0%} and {speed['medaid'] / speed['Quix Streams']:.2f} ×. A misplaced claim costs "
        f"{cpu['medaid, misplaced'] / cpu['medaid']:.2f} × the CPU of one at home.** {hashed}"
    )
    rows = [(name, f"{cpu[name]:.0f}", f"{speed[name]:,.0f}") for name in runs]
    yield Section("Settlement", text, ("", "CPU µs a claim", "claims a second"), rows)
    yield _latencies(bench, speed["medaid"])


def _latencies(bench: Bench, capacity: float) -> Section:
    persons, seconds = bench.size.claims // CLAIMS_A_PERSON, bench.size.timed_s
    rows: list[tuple[str, ...]] = []
    p99: dict[str, list[float]] = {"floor": [], "medaid": []}
    for load in LOADS:
        for name, subject in (("floor", FLOOR), ("medaid", SETTLEMENT)):
            found = latency.latencies(bench.course, subject, load * capacity, seconds, persons)
            p99[name].append(found.percentile(0.99))
            rows.append(_timed(name, f"{load:.0%}", 4, found))
    found = latency.latencies(bench.course, SETTLEMENT, 0.5 * capacity, seconds, persons, partitions=12)
    rows.append(_timed("medaid", "50%", 12, found))
    text = (
        f"From the hand-over of a claim to Kafka to its result at a reader of committed records; loads are shares of {capacity:,.0f} claims a second. "
        f"**p99 at half load is {p99['medaid'][1] / p99['floor'][1]:.2f} × the floor's.**"
    )
    head = ("", "load", "partitions", "p50 ms", "p99 ms", "p99.9 ms")
    return Section("Latency", text, head, rows, "p99, ms", [f"{load:.0%}" for load in LOADS], p99)


def _timed(name: str, load: str, partitions: int, found: latency.Latencies) -> tuple[str, ...]:
    return (name, load, str(partitions), *(f"{found.percentile(share):.1f}" for share in (0.5, 0.99, 0.999)))


def secured(bench: Bench) -> Iterator[Section]:
    """The same with every connection encrypted: a worker that comes by SASL_SSL and rediss, against one in plain text, on the same Kafka and Redis."""
    work, folder = bench.work(), bench.course.folder / "secured"
    folder.mkdir()
    with Place(folder) as place, place.redis:
        plain = place.kafka.bootstrap_servers, place.redis.plain_url
        by_tls = {name: value for name, value in place.variables.items() if name.startswith(("KAFKA_", "REDIS_"))}
        ways = {
            "plain text": ({}, plain),
            "SASL_SSL (SCRAM-SHA-512), rediss": (by_tls, (by_tls["KAFKA_BOOTSTRAP_SERVERS"], by_tls["REDIS_URL"])),
        }
        runs = in_turn(
            bench.size.rounds,
            {
                name: partial(Course(*plain, bench.course.folder, variables).run, SETTLEMENT, settling(work), after=_come_by(addresses))
                for name, (variables, addresses) in ways.items()
            },
        )
    hashed = checked(work, RESULTS, [one.digest for found in runs.values() for one in found])
    cost = [median_of(found, lambda one: one.cpu_us) for found in runs.values()]
    speed = [median_of(found, lambda one: one.per_second) for found in runs.values()]
    text = (
        f"{work.claims:,} claims again, by a worker in plain text and by one with TLS to both servers, which are the same and share its cores. **With TLS "
        f"the worker takes {cost[1] / cost[0]:.2f} × the CPU a claim, and settles {speed[1] / speed[0]:.0%} as many a second by the clock.** {hashed}"
    )
    yield Section("TLS", text, ("", "CPU µs a claim", "claims a second"), [_cost(name, found) for name, found in runs.items()])


def _come_by(addresses: Iterable[str]) -> Callable[[Site, Worker], None]:
    """Sees that a worker is connected to these servers' ports, and to no others."""
    ports = {urlsplit(one if "://" in one else f"//{one}").port for one in addresses}

    def look(_: Site, worker: Worker) -> None:
        assert worker.peers == ports, (worker.peers, ports)

    return look


def scale(bench: Bench) -> Iterator[Section]:
    """How the cost of a claim grows, and what state costs."""
    size, work = bench.size, bench.work()
    settle = partial(bench.course.run, SETTLEMENT)
    persons = [Workload(count, count + size.claims // 3) for count in size.persons]
    text = "Each has a claim settled before; a claim more of some of them."
    yield _growth(
        bench, "Persons", text, {f"{one.persons:,}": (one, partial(settle, settling(one, earlier=one.persons))) for one in persons}
    )
    fixed = max(20, size.claims // 300)
    years = [(count, Workload(fixed, fixed * (count + CLAIMS_MORE))) for count in size.year_claims]
    text = f"{fixed} persons with so many claims settled before; {CLAIMS_MORE} more of each."
    yield _growth(
        bench,
        "Claims of a person-year",
        text,
        {f"{count:,}": (one, partial(settle, settling(one, earlier=fixed * count))) for count, one in years},
    )
    text = "On the cores of this machine, which Kafka and Redis share."
    yield _growth(bench, "Workers", text, {str(count): (work, partial(settle, settling(work), workers=count)) for count in (1, 2)})
    yield _growth(
        bench, "Partitions", "One worker.", {str(n): (work, partial(settle, settling(work), partitions=n)) for n in size.partitions}
    )
    yield _state(bench)


def _growth(bench: Bench, title: str, text: str, runs: Runs) -> Section:
    done = in_turn(bench.size.rounds, {name: run for name, (_, run) in runs.items()})
    for name, (work, _) in runs.items():
        checked(work, RESULTS, [one.digest for one in done[name]])
    cpu = [median_of(found, lambda one: one.cpu_us) for found in done.values()]
    rows = [
        (name, f"{us:.0f}", f"{us / cpu[0]:.2f}", f"{median_of(found, lambda one: one.per_second):,.0f}")
        for (name, found), us in zip(done.items(), cpu, strict=True)
    ]
    return Section(title, text, (title.lower(), "CPU µs a claim", "against the first", "claims a second"), rows)


def _state(bench: Bench) -> Section:
    work = Workload(max(1, bench.size.lane // CLAIMS_MORE), bench.size.lane)
    memory: list[growth.Memory] = []
    healing_s: list[float] = []

    def look(site: Site, worker: Worker) -> None:
        memory.append(growth.memory_of(site))
        healing_s.append(growth.healing_cpu_s(site, worker))

    run = bench.course.run(SETTLEMENT, settling(work), partitions=1, after=look)
    hashed = checked(work, RESULTS, [run.digest])
    rows = [
        ("Redis, bytes a person: timeline, names of years", f"{memory[0].a_person():,.0f}"),
        ("Redis, bytes a person-year of counters", f"{memory[0].a_year():,.0f}"),
        ("Redis, bytes a settled claim, its index entry included", f"{memory[0].a_claim(work.claims):,.0f}"),
        ("CPU µs a result to heal the lane", f"{1e6 * healing_s[0] / work.claims:.0f}"),
        ("CPU µs a claim to settle it", f"{run.cpu_us:.0f}"),
    ]
    text = f"One lane with {work.claims:,} results of {work.persons:,} persons; Redis emptied when all were settled. {hashed}"
    return Section("State, and healing it", text, ("", ""), rows)


def others(bench: Bench) -> Iterator[Section]:
    """Identity and monitoring."""
    granted = Workload(bench.size.grants, 0)
    watched = Workload(bench.size.results // CLAIMS_A_PERSON, bench.size.results)
    certify = partial(bench.course.run, IDENTITY, certifying(granted))
    watch = partial(bench.course.run, MONITORING, watching(watched))
    done = in_turn(bench.size.rounds, {"identity: grants": certify, "monitoring: results": watch})
    checked(granted, TIMELINES, [one.digest for one in done["identity: grants"]])
    checked(watched, WARNINGS, [one.digest for one in done["monitoring: results"]])
    rows = [_cost(name, found) for name, found in done.items()]
    yield Section("Identity and monitoring", "Their own inputs, one worker.", ("", "CPU µs an event", "events a second"), rows)


def _cost(name: str, runs: Sequence[Run]) -> tuple[str, str, str]:
    return name, f"{median_of(runs, lambda one: one.cpu_us):.0f}", f"{median_of(runs, lambda one: one.per_second):,.0f}"


PARTS: Mapping[str, Callable[[Bench], Iterator[Section]]] = {
    "rules": rules_alone,
    "replay": replay,
    "race": race,
    "secured": secured,
    "scale": scale,
    "others": others,
}
