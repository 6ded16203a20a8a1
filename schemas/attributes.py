"""The CloudEvents attributes that every event has: which, how long, in which form.

In: attributes and `data`, from a JSON object or from headers. Out: every fault of theirs, by its path.
"""

from collections.abc import Mapping
from typing import Any, Final

from schemas.refusal import Fault
from schemas.texts import unfit_texts_in
from schemas.times import EXPECTED_INSTANT, instant_ns

ATTRIBUTE_LENGTH_MAX: Final[Mapping[str, int]] = {"id": 1024, "source": 1024, "type": 256, "time": 64}
"""The attributes that every event has, and how long they may be: they travel on in timelines and results, which must fit into a record."""

BODY: Final = ("data", "data_base64")
"""What is no attribute."""


def attribute_faults(document: Mapping[str, Any], is_binary: bool, is_plain: bool) -> list[Fault]:
    """What is wrong with the attributes, and with `data` as a whole.

    Args:
        document: Attributes and `data`.
        is_binary: They came in headers, of which the faults speak then.
        is_plain: No text needs to be looked at for control characters.
    """
    faults: list[Fault] = []
    if document.get("specversion") != "1.0":
        small = ", the names of attributes in small letters" if any(name.lower() == "specversion" != name for name in document) else ""
        faults.append(_fault("specversion", f'"1.0"{small}', is_binary))
    for name, length_max in ATTRIBUTE_LENGTH_MAX.items():
        value = document.get(name)
        if not isinstance(value, str) or not 1 <= len(value) <= length_max:
            faults.append(_fault(name, f"a text of 1 to {length_max} characters", is_binary))
    try:
        instant_ns(document["time"])
    except (LookupError, TypeError, ValueError):
        if not any(fault.path == "time" for fault in faults):
            faults.append(_fault("time", EXPECTED_INSTANT, is_binary))
    if not isinstance(document.get("data"), dict):
        faults.append(Fault("data", "an object" + (", not a text that holds one" if isinstance(document.get("data"), str) else "")))
    if not is_plain:
        known = {fault.path for fault in faults}
        attributes = {name: value for name, value in document.items() if name not in BODY}
        faults += (fault for fault in unfit_texts_in(attributes) if fault.path not in known)
    return faults


def _fault(name: str, expected: str, is_binary: bool) -> Fault:
    return Fault(name, f"{expected}, in the header ce_{name}" if is_binary else expected)
