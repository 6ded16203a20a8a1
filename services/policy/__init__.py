"""Municipal policies as data, and the engine that settles a claim by them. Pure: no Kafka, Redis, clock or asyncio."""
