"""The laboratory: what would another policy have cost, and whom would it have helped, reckoned on the ledger itself."""
