"""Clients of Kafka and Redis are made in one place each: ours in `services/runtime`, the tests' own in `tests/clients.py`. Each check is tried."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = sorted(path for folder in ("schemas", "services", "deploy", "tests") for path in (ROOT / folder).rglob("*.py"))
LIBRARIES = ("aiokafka", "confluent_kafka", "redis")
CLIENTS = {"AIOKafkaConsumer", "AIOKafkaProducer", "AIOKafkaAdminClient", "AdminClient", "Consumer", "Producer", "Redis", "ConnectionPool"}
PLACES = {"services/runtime/redis_client.py", "services/runtime/redis_sentinel.py", "tests/clients.py"}
"""Who makes clients of Redis or of librdkafka. One of aiokafka may be made wherever what reaches Kafka comes from `reaching` or `aiokafka_at`."""

STRANGERS = {"tests/integration/test_view_losses.py": ["Redis.from_url", "Redis"]}
"""Clients that are to be as ours are not."""


def made_elsewhere(source: str) -> Iterator[str]:
    """The calls that make a client without saying how Kafka is reached, or at all."""
    tree = ast.parse(source)
    names = dict(imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            made = ast.unparse(node.func).removesuffix(".from_url").removesuffix(".from_pool")
            first, _, rest = made.partition(".")
            whole = f"{names.get(first, '')}.{rest}".rstrip(".")
            if whole.split(".")[0] in LIBRARIES and whole.split(".")[-1] in CLIENTS and not is_reaching(node):
                yield ast.unparse(node.func)


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """What names of a module stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def is_reaching(call: ast.Call) -> bool:
    """Whether a client of aiokafka is told by our one place how Kafka is reached."""
    return any(word.arg is None and ast.unparse(word.value).startswith(("reaching(", "clients.aiokafka_at(")) for word in call.keywords)


def test_each_client_is_made_in_the_one_place_for_it() -> None:
    """With its security, whatever the settings say."""
    sources = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in CODE}
    made = {name: list(made_elsewhere(source)) for name, source in sources.items() if any(library in source for library in LIBRARIES)}
    assert {name: calls for name, calls in made.items() if calls and name not in PLACES} == STRANGERS


@pytest.mark.parametrize(
    "source",
    [
        "from aiokafka import AIOKafkaProducer\nAIOKafkaProducer(bootstrap_servers='a:1')",
        "from aiokafka.admin import AIOKafkaAdminClient as Admin\nAdmin(**settings)",
        "import confluent_kafka\nconfluent_kafka.Producer({})",
        "from confluent_kafka.admin import AdminClient\nAdminClient({})",
        "import redis as blocking\nblocking.Redis.from_url('redis://')",
        "import redis.asyncio\nredis.asyncio.Redis()",
        "from redis.asyncio import ConnectionPool\nConnectionPool.from_url('redis://')",
    ],
)
def test_another_client_is_found(source: str) -> None:
    assert list(made_elsewhere(source))


@pytest.mark.parametrize(
    "source",
    [
        "from aiokafka import AIOKafkaProducer\nAIOKafkaProducer(**reaching(settings), acks='all')",
        "from deploy.local.redis import Redis\nRedis(folder)",
        "from services.runtime.memory_kafka import Producer\nProducer('a', 1)",
    ],
)
def test_what_is_ours_is_not_refused(source: str) -> None:
    assert not list(made_elsewhere(source))
