"""The ledger checked against itself, a fresh adjudication and Redis."""
