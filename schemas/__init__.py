"""The wire contract: frozen models of every event, the topics they travel on, and the JSON Schemas generated from them."""
