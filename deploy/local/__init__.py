"""Kafka and Redis without Docker, for tests and `make up`: see deploy/local/servers.py. Standard library only."""
