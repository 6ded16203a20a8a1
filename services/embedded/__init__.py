"""All services in one process, no server needed: a replay, the cities of the demo, and the console over them."""
