"""JSON with exact numbers, the same limits for every document.

In: bytes. Out: what they say; a number with a fraction, an exponent or more than 64 bits as a Decimal of all its digits. orjson reads what it
can read exactly, and that is nearly everything; what has such a number, or what orjson refuses, is read again by its digits.
"""

import json
import re
from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from schemas.misread import expected_json
from schemas.refusal import Refused
from schemas.texts import halves_in

DEPTH_MAX = 64
"""Levels of objects and lists; an event of ours has at most five. Parsers differ in how deep they go, so we say it ourselves."""

TOO_DEEP = f"JSON nested at most {DEPTH_MAX} levels deep"

_INT_DIGITS_MAX = 20
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
"""A text, ended or not, or a bracket. It never goes back: half a text of 256 KiB would take minutes otherwise."""

_MANTISSA = re.compile(r"-?[0.]*(?:[eE]|$)")


def read_json(value: bytes | None) -> Any:
    """The document in `value`; None is a tombstone, which holds none.

    Raises:
        Refused: `malformed_json`: no JSON, no UTF-8, NaN or infinity, nested too deep; what it is instead is told where it can be.
            `invalid_event`: half a surrogate pair, which is no text.
    """
    if value is None:
        raise Refused("malformed_json", "$", expected_json(value))
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError:  # no JSON, or more than orjson takes: a number beyond a double, or deep nesting
        return _read_digits(value)
    return _read_digits(value) if _has_float([document], 0) else document


def _has_float(values: Collection[Any], depth: int) -> bool:
    """Whether a number that orjson may have rounded stands among the values of an object or list, `depth` levels deep, or below.

    Raises:
        Refused: Nested too deep.
    """
    if depth > DEPTH_MAX:
        raise Refused("malformed_json", "$", TOO_DEEP)
    kinds = set(map(type, values))  # most have none of the three, and are done here
    found = float in kinds
    if dict in kinds or list in kinds:
        for value in values:
            if type(value) is dict:
                found = _has_float(value.values(), depth + 1) or found
            elif type(value) is list:
                found = _has_float(value, depth + 1) or found
    return found


def _read_digits(value: bytes) -> Any:
    """The document, every number by its digits.

    Raises:
        Refused: As `read_json`.
    """
    try:
        text = value.decode()
        if _depth(text) > DEPTH_MAX:
            raise Refused("malformed_json", "$", TOO_DEEP)
        document = json.loads(text, parse_float=_decimal, parse_int=_integer, parse_constant=_no_number)
    except ValueError:
        raise Refused("malformed_json", "$", expected_json(value)) from None
    if "\\u" in text and (halves := list(halves_in(document))):
        raise Refused("invalid_event", *halves[0], halves[1:])
    return document


def _depth(text: str) -> int:
    """How deep the document is nested, by its brackets outside texts."""
    deepest = depth = 0
    for token in _TOKEN.finditer(text):
        mark = token[0][0]
        depth += (mark in "[{") - (mark in "]}")
        if depth > DEPTH_MAX:
            return depth  # enough to be refused: the rest of 256 KiB of brackets would take a third of a second
        deepest = max(deepest, depth)
    return deepest


def _integer(digits: str) -> int | Decimal:
    """Python refuses to read thousands of digits as an int; as a Decimal they are a number like any other, only never an amount."""
    return int(digits) if len(digits) <= _INT_DIGITS_MAX else _decimal(digits)


def _decimal(digits: str) -> Decimal:
    """The number by its value; an exponent beyond every Decimal makes it infinite, which no field takes, or leaves it 0."""
    try:
        return Decimal(digits)
    except InvalidOperation:
        return Decimal(0) if _MANTISSA.match(digits) else Decimal("Infinity")


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
