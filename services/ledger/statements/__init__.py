"""A year's statement made from the ledger, and what has changed since one was made."""
