"""Thin shared input and output: settings, broker, views, lanes, dead letters, clock, logging, metrics. No domain knowledge."""
