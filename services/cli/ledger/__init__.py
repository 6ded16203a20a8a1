"""The ledger checked against itself, a fresh adjudication and Redis; and a view built anew from it."""
