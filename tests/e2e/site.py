"""The site under test as an ordinary client of Kafka and somebody at a browser meet it."""

import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page, expect

from tests import clients
from tests.integration.pipeline import Pipeline
from tests.unit.monitoring.world import Event

PASSWORD = "sehr geheim"


@dataclass(frozen=True)
class Site:
    """Where it is served, and how to publish to it."""

    address: str
    bootstrap: str
    prefix: str
    pipeline: Pipeline

    def publish(self, *events: Event) -> None:
        """Send events as a hospital's own client does; they have been written when this returns."""
        producer = clients.producer(self.bootstrap, {"acks": "all", "linger.ms": 0})
        for event in events:
            producer.produce(self.prefix + event.topic, event.value, event.key)
        assert producer.flush(30) == 0

    def log_in(self, page: Page, name: str) -> None:
        """Type name and password."""
        page.goto("/login")
        page.locator("#name").fill(name)
        page.locator("#password").fill(PASSWORD)
        page.locator("main form button").click()
        expect(page.locator("header .who")).to_contain_text(name)

    def find(self, page: Page, person: str) -> None:
        """Open a person's page by his id, as an operator does."""
        page.locator("#find").fill(person)
        page.locator("#find").press("Enter")
        page.wait_for_url(re.compile("/persons/"))

    def events(self, topic: str) -> list[dict[str, Any]]:
        """Everything on a topic of ours."""
        return list(self.pipeline.read(topic))
