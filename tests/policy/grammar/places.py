"""Every place of a policy file where the models accept something: keys, and of a closed choice of ours each value. No list of them is kept by hand.

`pools.limit_yuan` stands for the key of every pool. A condition within `any_of` is walked once: `benefits.when.any_of.classes` is a place, and
`benefits.when.any_of.any_of`. A key that only holds other places, as `benefits.when` does, is none; one that may be left out for its parts is.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from schemas import codes
from services.policy.model import PolicyFile

CONTRACTS = {frozenset(get_args(listed)) for listed in vars(codes).values() if get_origin(listed) is Literal}
"""The contract's lists of codes: what each code means is no matter of the language."""

_DEPTH_MAX = 2
"""So often is a model walked within itself."""


class Place(NamedTuple):
    """Where something is accepted; `is_dated`: a figure over time."""

    path: str
    is_dated: bool = False


def places(model: type[BaseModel] = PolicyFile, path: tuple[str, ...] = (), within: tuple[type[BaseModel], ...] = ()) -> Iterator[Place]:
    """The places of a model, from the outside to the inside."""
    for name, field in model.model_fields.items():
        here = (*path, field.alias or name)
        inside = list(_inside(field.annotation, here, (*within, model)))
        if not inside or _is_plain(field.annotation) or _is_optional(field.annotation):
            yield Place(".".join(here), _is_dated(field.annotation))
        yield from inside


def _inside(annotation: Any, path: tuple[str, ...], within: tuple[type[BaseModel], ...]) -> Iterator[Place]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if _is_model(annotation):
        if within.count(annotation) < _DEPTH_MAX:
            yield from places(annotation, path, within)
    elif origin is Literal:
        if frozenset(arguments) not in CONTRACTS:
            yield from (Place(f"{'.'.join(path)}={value}") for value in arguments)
    else:
        for argument in _parts(origin, arguments):
            yield from _inside(argument, path, within)


def _is_plain(annotation: Any) -> bool:
    """Whether something may stand there that holds no places: a text, a number, a code of the contract."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return frozenset(arguments) in CONTRACTS
    if parts := _parts(origin, arguments):
        return any(_is_plain(part) for part in parts)
    return annotation is not NoneType and not _is_model(annotation)


def _is_optional(annotation: Any) -> bool:
    """Whether a part of the file may be left out whole."""
    return NoneType in get_args(annotation) and any(_is_model(argument) for argument in get_args(annotation))


def _is_dated(annotation: Any) -> bool:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if _is_mapping(origin) and (arguments[0] is date or date in get_args(arguments[0])):
        return True
    return origin is not Literal and any(_is_dated(part) for part in _parts(origin, arguments))


def _parts(origin: Any, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """What stands within an annotation."""
    if origin is Annotated:
        return arguments[:1]
    if _is_mapping(origin):
        return arguments[1:]
    return tuple(one for one in arguments if one is not Ellipsis) if origin in (Union, UnionType, tuple) else ()


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
