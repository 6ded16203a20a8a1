"""Settlement's state as documents of a view, and its healing from the ledger."""
