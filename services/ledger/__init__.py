"""Whoever reads the ledger: verified, built anew, its claims explained, its dead letters found and sent again, its years stated, a person's data handed out."""
