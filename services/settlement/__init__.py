"""Settlement: each claim under the city's policy, the ledger, and its re-adjudication when late truth arrives."""
