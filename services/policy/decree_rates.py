"""How much a benefit pays, in words: rates, bands, a lump sum, how many times a year."""

from schemas.money import yuan_text
from services.policy.benefits import Benefit, Rate
from services.policy.decree_words import by_class, shares
from services.policy.words import Speech, percent


def rates(benefit: Benefit, speech: Speech) -> list[str]:
    """The rates of a benefit, a line each, and which of several counts; a lump sum, and how many times a year."""
    rate = benefit.rate or Rate()
    lines = [*by_class(benefit.fixed_yuan or {}, speech), *_bands(rate, speech), *_shares(rate, speech)]
    if benefit.times_a_year is not None:
        lines.append(speech.pick(f"每年 {benefit.times_a_year} 次", f"{benefit.times_a_year} times a year"))
    return lines


def _bands(rate: Rate, speech: Speech) -> list[str]:
    """Bands of one time on a line."""
    of = speech.pick("本次", "the claim") if rate.of == "claim" else rate.of
    lines = []
    for day, table in sorted(rate.band_tables.items()):
        bands = [
            speech.pick(f"{of} {yuan_text(begins)} 起 {percent(bp)}", f"{percent(bp)} of {of} from {yuan_text(begins)} on")
            for begins, bp in sorted(table.items())
        ]
        lines.append("; ".join(bands) + (f" ({day} -)" if len(rate.band_tables) > 1 else ""))
    return lines


def _shares(rate: Rate, speech: Speech) -> list[str]:
    """Rates by class, condition and for all, and which of several counts."""
    lines = [f"{klass}: {shares(figures)}" for klass, figures in (rate.class_percent or {}).items()]
    lines += [f"{speech.say(code)}: {shares(figures)}" for code, figures in (rate.condition_percent or {}).items()]
    if rate.flat_percent is not None:
        lines.append(shares(rate.flat_percent))
    kinds = [rate.class_percent, rate.condition_percent, rate.flat_percent]
    if sum(kind is not None for kind in kinds) > 1:
        takes = {
            "highest": speech.pick("取最高", "the highest counts"),
            "class": speech.pick("按类别", "that of the class counts"),
            "condition": speech.pick("按病种", "that of the disease counts"),
            "flat": speech.pick("按统一比例", "the one for all counts"),
        }
        lines.append(takes[rate.take])
    return lines
