"""A share of an amount, to the fen: half up by default, or down (R6)."""

import pytest

from services.policy.course import round_share


@pytest.mark.parametrize(
    ("base_fen", "rate_bp", "half_up_fen", "down_fen"),
    [(1, 5_000, 1, 0), (1, 4_999, 0, 0), (1, 9_999, 1, 0), (3_335, 7_000, 2_335, 2_334), (10_000, 7_000, 7_000, 7_000), (0, 10_000, 0, 0)],
)
def test_a_share_is_rounded_as_the_reading_says(base_fen: int, rate_bp: int, half_up_fen: int, down_fen: int) -> None:
    """33.35 x 70% is 23.345: 23.35 half up, 23.34 down."""
    assert round_share(base_fen, rate_bp, down=False) == half_up_fen
    assert round_share(base_fen, rate_bp, down=True) == down_fen
