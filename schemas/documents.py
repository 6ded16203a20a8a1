"""The JSON Schema (2020-12) of each event type: the whole CloudEvent, its `data` generated from the model.

Of what others send, a schema says what is accepted; of what we write, what is written. There, unknown fields stay open: a reader must let a new
one pass. Not here: what no schema can say (competent agency, known region, dates and amounts that fit together): that is the service's `read`.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from schemas.catalogue import ACTIONS, ADMISSIONS, CLAIMS, DEADLETTER_TYPES, IDENTITY_EVENTS, INPUTS, OPERATOR_EVENTS, TYPES_BY_TOPIC
from schemas.codes import Agency
from schemas.envelope import ATTRIBUTE_LENGTH_MAX
from schemas.fields import Model
from schemas.own_codes import BY_REGION
from schemas.texts import ID_FIELDS, NO_IDS
from schemas.topics import load_topics

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]

_HOSPITAL: Final = "^/hospitals/[A-Za-z0-9._:-]{1,64}$"
_CONTROLS: Final = {"pattern": r"[\u0000-\u001f\u007f-\u009f]"}
_NO_ID: Final = {
    "pattern": "^("
    + "|".join("".join(f"[{sign.upper()}{sign}]" if sign.isalpha() else sign for sign in word) for word in sorted(NO_IDS))
    + ")$"
}
"""What no text and no id may be; said by `not`, for a pattern of its own a field may have besides."""

SENDERS: Final[Mapping[str, str]] = {
    IDENTITY_EVENTS: f"^/agencies/[^/]+/({'|'.join(get_args(Agency))})$",
    ADMISSIONS: _HOSPITAL,
    CLAIMS: _HOSPITAL,
    OPERATOR_EVENTS: "^/operators/.+$",
    ACTIONS: "^/medaid/console$",
}
"""What `source` is on the topics that others write; an agency may be one that its region declares, besides."""

_DECLARED_AGENCY: Final = "^/agencies/[^/]+/[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"


def all_types() -> Mapping[str, type[Model]]:
    """Every event type and its model."""
    return {kind: model for types in (*TYPES_BY_TOPIC.values(), DEADLETTER_TYPES) for kind, model in types.items()}


def is_input(kind: str) -> bool:
    """Whether others write events of this type."""
    return any(kind in TYPES_BY_TOPIC[topic] for topic in INPUTS)


def document(kind: str) -> Schema:
    """The JSON Schema of events of type `kind`."""
    model = all_types()[kind]
    data = model.model_json_schema(mode="validation" if is_input(kind) else "serialization", ref_template="#/$defs/{model}")
    definitions = {**data.pop("$defs", {}), model.__name__: data}
    adapt = _nullable if is_input(kind) else _open
    for definition in definitions.values():
        _untitle(definition)
        adapt(definition)
        if is_input(kind):
            _restrain(definition)
    return {
        "$schema": DIALECT,
        "$id": f"medaid:{kind}",
        "title": kind,
        "description": data["description"],
        "type": "object",
        "properties": {**_envelope(kind), "data": {"$ref": f"#/$defs/{model.__name__}"}},
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "$defs": dict(sorted(definitions.items())),
    }


def _envelope(kind: str) -> dict[str, Schema]:
    """The CloudEvents attributes; further ones and extensions are let pass."""
    longest = ATTRIBUTE_LENGTH_MAX
    unfit = {"not": _CONTROLS} if is_input(kind) else {}
    return {
        "specversion": {"const": "1.0", "description": "version of CloudEvents"},
        "id": {
            "type": "string",
            "minLength": 1,
            "maxLength": longest["id"],
            **unfit,
            "description": "id of the event, unique for its source",
        },
        "source": {**_source(kind), "maxLength": longest["source"], **unfit, "description": "who sends it"},
        "type": {"const": kind, "description": "what happened"},
        "time": {
            "type": "string",
            "format": "date-time",
            "maxLength": longest["time"],
            "description": "when it happened, RFC 3339 with offset",
        },
    }


def _source(kind: str) -> Schema:
    """What `source` looks like."""
    for topic, pattern in SENDERS.items():
        if kind in TYPES_BY_TOPIC[topic]:
            listed = {"type": "string", "pattern": pattern}
            declared = {"type": "string", "pattern": _DECLARED_AGENCY, **BY_REGION}
            return {"anyOf": [listed, declared]} if topic == IDENTITY_EVENTS else listed
    writers = sorted({writer for topic in load_topics().values() if kind in topic.events for writer in topic.writers})
    others = ["replay"] if kind in DEADLETTER_TYPES else []
    return {"type": "string", "pattern": f"^/medaid/({'|'.join(writers + others)})$"}


def _untitle(schema: Any) -> None:
    """Take away what pydantic makes of a field's name, and that what is optional may be left out: descriptions say more."""
    if isinstance(schema, dict):
        if isinstance(schema.get("title"), str):
            del schema["title"]
        if "default" in schema and schema["default"] is None:
            del schema["default"]
        for value in schema.values():
            _untitle(value)
    elif isinstance(schema, list):
        for value in schema:
            _untitle(value)


def _nullable(definition: Schema) -> None:
    """On input null counts as absent, so that every optional field may be null."""
    for name, field in definition.get("properties", {}).items():
        if name in definition.get("required", ()) or {"type": "null"} in field.get("anyOf", ()):
            continue
        about = {word: field.pop(word) for word in ("default", "description", "x-unit") if word in field}
        choices = field.pop("anyOf") if set(field) == {"anyOf"} else [dict(field)]
        field.clear()
        field.update({"anyOf": [*choices, {"type": "null"}], **about})


def _restrain(definition: Schema) -> None:
    """What others send holds no control characters, and no id that stands for a missing value."""
    for name, field in definition.get("properties", {}).items():
        for choice in field.get("anyOf", [field]):
            if choice.get("type") == "string" and name in ID_FIELDS:
                choice["not"] = _NO_ID
            elif choice.get("type") == "string" and not choice.keys() & {"const", "enum", "format", "pattern"}:
                choice["not"] = _CONTROLS


def _open(definition: Schema) -> None:
    """What we write may have more fields one day; readers must let them pass."""
    if definition.get("additionalProperties") is False:
        del definition["additionalProperties"]
