"""Monitoring's edges: records to observations, state to documents of a view and back, healing."""
