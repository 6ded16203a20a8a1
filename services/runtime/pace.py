"""How much a lane takes in hand at once, and how long it rests after a doubt. A batch that failed comes again smaller, so that none is too large for ever."""

BACKOFF_S_MIN, BACKOFF_S_MAX = 0.1, 5.0


class Pace:
    """Of one lane.

    Attributes:
        records: Of the next batch, at most.
    """

    def __init__(self, records_max: int) -> None:
        self._records_max = self.records = records_max
        self._in_hand = self._doubts = 0

    def begin(self, records: int) -> None:
        """A batch is in hand."""
        self._in_hand = records

    def end(self, left: int = 0) -> None:
        """It was settled, but for `left` records that were too many; or nothing came in, and the view was right."""
        if self._in_hand:
            self.records = self._in_hand - left if left else min(2 * self.records, self._records_max)
        self._in_hand = self._doubts = 0

    def doubt(self) -> float:
        """Something failed; a batch that was in hand comes again half as large. Returns: seconds to rest, twice as many as the last time."""
        if self._in_hand:
            self.records = max(1, self._in_hand // 2)
        rest_s = min(BACKOFF_S_MIN * 2.0**self._doubts, BACKOFF_S_MAX)
        self._in_hand, self._doubts = 0, min(self._doubts + 1, 10)
        return rest_s
