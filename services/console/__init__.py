"""The console: the page of ops teams. It keeps its own picture of warnings, persons, cities and dead letters."""
