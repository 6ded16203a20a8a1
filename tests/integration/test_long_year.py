"""Much late truth about one person at once: no batch is too long to be done, and nobody waits for it."""

from pathlib import Path

from tests.integration.long_year import LongYear, Onlooker, at_home
from tests.integration.pipeline import Pipeline
from tests.integration.year import check

WAIT_S_MAX = 60
LOOKS = 3


def test_five_hundred_bills_of_one_person_are_taken_back_at_once(
    kafka_bootstrap: str, redis_db: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Of 1,800 bills, with two workers: one batch of them took longer than a session, and was never done."""
    year = LongYear(1_800, 500, 20)
    pipeline = Pipeline(kafka_bootstrap, redis_db, topic_prefix, tmp_path)
    pipeline.create_topics()
    for name in ("identity-1", "settlement-1", "settlement-2"):
        pipeline.start(name)
    try:
        pipeline.publish([year.grant, *year.bills], partition_of=at_home)
        pipeline.wait(lambda: pipeline.is_at_rest("identity", "settlement"), WAIT_S_MAX)
        pipeline.publish(year.late, partition_of=at_home)
        onlooker = Onlooker(pipeline)
        for _ in range(LOOKS):
            onlooker.look(WAIT_S_MAX)
        pipeline.wait(lambda: pipeline.is_at_rest("identity", "settlement"), WAIT_S_MAX)
        check(pipeline, year.replayed(onlooker.lines), warnings=False)
        pipeline.verify()
        assert set(pipeline.stop().values()) == {0}
    finally:
        pipeline.abandon()
        pipeline.delete()
