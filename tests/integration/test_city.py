"""A city's year on real Kafka and Redis, with everything that goes wrong in a year: it ends as `medaid replay` of the same events ends."""

from pathlib import Path

from deploy.local.servers import Redis
from schemas.catalogue import RESULTS
from tests.integration.pipeline import Pipeline
from tests.integration.year import Replayed, check, claims_in, events, write_lines

PERSONS_EACH = 2_120
CLAIMS_MIN = 50_000


def test_a_year_with_kills_and_a_lost_redis_ends_like_its_replay(
    kafka_bootstrap: str, topic_prefix: str, own_redis: Redis, tmp_path: Path
) -> None:
    """50,000 claims, most in the wrong partition; every service killed once, Redis restarted empty once; each revision once, all figures right."""
    lines = list(events(PERSONS_EACH))
    claims = claims_in(lines)
    assert claims >= CLAIMS_MIN
    wanted = Replayed(write_lines(tmp_path / "year.jsonl", lines))
    pipeline = Pipeline(kafka_bootstrap, own_redis.url, topic_prefix, tmp_path)
    pipeline.create_topics()
    workers = ["identity-1", "settlement-1", "settlement-2", "monitoring-1"]
    for name in workers:
        pipeline.start(name)
    try:
        pipeline.publish(lines)
        for share, name in ((0.15, "settlement-1"), (0.3, "identity-1"), (0.45, "monitoring-1")):
            pipeline.wait(lambda share=share: results_so_far(pipeline) > share * claims, 240)
            pipeline.kill(name)
            pipeline.start(name)
        pipeline.wait(lambda: results_so_far(pipeline) > 0.6 * claims, 240)
        own_redis.restart(empty=True)
        pipeline.wait(lambda: results_so_far(pipeline) > 0.9 * claims and pipeline.is_at_rest(), 300)
        check(pipeline, wanted)
        assert pipeline.stop() == dict.fromkeys(workers, 0)
    finally:
        pipeline.abandon()


def results_so_far(pipeline: Pipeline) -> int:
    """About how many results were written; markers count a little."""
    return sum(pipeline.ends([RESULTS]).values())
