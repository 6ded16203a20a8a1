"""What is known of one claim, from a view or from the ledger, and its explanation."""
