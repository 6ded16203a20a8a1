"""Whoever reads the ledger: verified, built anew, its claims explained, its dead letters found and sent again."""
