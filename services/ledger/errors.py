"""What was asked of the ledger and cannot be done. The text is one line: why, and what to do instead."""


class Declined(Exception):
    """It cannot be done with what is there."""


class Misnamed(Declined):
    """Nothing can have the name that was given."""
