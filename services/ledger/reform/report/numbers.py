"""How amounts and counts are written: yuan with two decimals as the summary has them, with commas."""


def signed(yuan: str) -> str:
    """An amount of yuan with commas, and its sign."""
    return f"{'' if yuan.startswith('-') or not yuan.strip('0.') else '+'}{grouped(yuan)}"


def grouped(yuan: str) -> str:
    """An amount of yuan with commas."""
    sign, digits = ("-", yuan[1:]) if yuan.startswith("-") else ("", yuan)
    whole, _, decimals = digits.partition(".")
    return f"{sign}{int(whole):,}.{decimals}"


def fen_of(yuan: str) -> int:
    """An amount as our tables have it, in fen."""
    return int(yuan.replace(".", ""))


def count(number: int) -> str:
    """A number with commas."""
    return f"{number:,}"
