"""The JSON Schema of a city's file, for editors: keys complete, words are marked that are none, every key says what it means.

In: the models of a policy file, and `schema_words.py`. Out: a schema of draft-07, which editors read best. It sees the file as it is written: an
amount is a number or its text, and where a value stands a reading may stand instead. Not here: what hangs together over several places (`checks.py`).
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from schemas.codes import Agency, Condition, VisitType
from services.policy.model import PolicyFile, ReadingChoice
from services.policy.schema_words import WORDS

Schema = dict[str, Any]

DIALECT: Final = "http://json-schema.org/draft-07/schema#"
DAY: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
NUMBER: Final = r"^-?[0-9]+(\.[0-9]{1,2})?$"
SAID_ONCE: Final = 200
"""A longer schema that is needed in several places becomes a definition."""

KNOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "visit_types": get_args(VisitType),
    "conditions": get_args(Condition),
    "without_conditions": get_args(Condition),
    "certified_by": get_args(Agency),
    "audience": get_args(Agency),
}
"""What an editor offers where a file may also name codes of its own."""


KEPT: Final = frozenset({"assisted", "times"})
"""What only counters that the engine keeps for itself count."""


class _AsWritten(GenerateJsonSchema):
    """Values as they stand in the file, before they become fen, basis points and days."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> Schema:
        """A number that is read from text: its text does as well. Figures by class: one for all does as well."""
        inner = schema["schema"]
        if inner["type"] == "int":
            return {"type": ["number", "string"], "pattern": NUMBER}
        found = self.generate_inner(inner)
        if inner["type"] == "dict" and inner["values_schema"]["type"] == "nullable":
            by_class = {**found, "propertyNames": {"not": {"pattern": DAY}}}
            return {"anyOf": [by_class, self.generate_inner(inner["values_schema"]["schema"])]}
        return found

    def date_schema(self, schema: core_schema.DateSchema) -> Schema:
        """A day."""
        return {"type": "string", "pattern": DAY}

    def str_schema(self, schema: core_schema.StringSchema) -> Schema:
        """A text; one that looks like a number is one all the same."""
        found = super().str_schema(schema)
        return found if "pattern" in found else {**found, "type": ["string", "number"]}

    def dict_schema(self, schema: core_schema.DictSchema) -> Schema:
        """A mapping, by the form of its keys; what is dated begins some day."""
        keys, values = self.generate_inner(schema["keys_schema"]), self.generate_inner(schema["values_schema"])
        least = {"minProperties": 1} if "min_length" in schema or keys.get("pattern") == DAY else {}
        if "pattern" in keys:
            return {"type": "object", "patternProperties": {keys["pattern"]: values}, "additionalProperties": False, **least}
        return {"type": "object", "additionalProperties": values, **least}


def document() -> Schema:
    """The schema of a policy file."""
    root = PolicyFile.model_json_schema(schema_generator=_AsWritten, ref_template="#/definitions/{model}")
    definitions = root.pop("$defs")
    for name, model in {PolicyFile.__name__: root, **definitions}.items():
        model.pop("title", None)
        for key, value in model.get("properties", {}).items():
            _tell(f"{name}.{key}", value)
    once = _Once()
    for name, model in {PolicyFile.__name__: root, **definitions}.items():
        for key, value in model.get("properties", {}).items():
            if name != ReadingChoice.__name__ and key != "readings":
                model["properties"][key] = once.alternative(value, f"{name}.{key}")
    head = {"$schema": DIALECT, "$id": "medaid:policy", "title": "medaid policy file"}
    return {**head, **root, "definitions": dict(sorted({**definitions, **once.definitions}.items()))}


def _tell(name: str, value: Schema) -> None:
    """What stands under a key gets its description, and the codes to offer there."""
    key = name.rpartition(".")[2]
    value.pop("title", None)
    if value.get("default", ...) in (None, [], {}):
        del value["default"]
    value["description"] = WORDS[name]
    if name == "Pool.counts":
        value["enum"] = [choice for choice in value["enum"] if choice not in KEPT]
    for schema in (value, *value.get("anyOf", ())):
        texts = schema.get("items", schema)
        if key in KNOWN and "type" in texts and "enum" not in texts:
            texts["examples"] = list(KNOWN[key])


class _Once:
    """Readings put beside every value; what is long is said once, in `definitions`."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}

    def alternative(self, schema: Schema, name: str) -> Schema:
        """`schema`, or a reading that chooses between several of its kind."""
        about: Schema = {word: schema.pop(word) for word in ("description", "default") if word in schema}
        value = self._named(self._inside(schema, name), name)
        chosen = {
            "type": "object",
            "required": ["reading"],
            "properties": {
                "reading": {"type": "string", "description": WORDS["reading"]},
                "choose": {"type": "object", "additionalProperties": value, "description": WORDS["choose"]},
            },
            "additionalProperties": False,
        }
        return {**about, "if": {"type": "object", "required": ["reading"]}, "then": chosen, "else": value}

    def _inside(self, schema: Schema, name: str) -> Schema:
        """`schema` with readings beside whatever stands in it; a least length of a mapping is told as one of mappings."""
        found = dict(schema)
        if schema.get("type") == "object" and "minLength" in schema:
            found["minProperties"] = found.pop("minLength")
        for word in ("anyOf", "oneOf"):
            if word in schema:
                found[word] = [self._inside(choice, f"{name}.{place}") for place, choice in enumerate(schema[word])]
        if isinstance(schema.get("items"), dict):
            found["items"] = self.alternative(dict(schema["items"]), f"{name}[]")
        if isinstance(schema.get("additionalProperties"), dict):
            found["additionalProperties"] = self.alternative(dict(schema["additionalProperties"]), f"{name}.*")
        if "patternProperties" in schema:
            patterns = schema["patternProperties"]
            found["patternProperties"] = {key: self.alternative(dict(value), f"{name}.*") for key, value in patterns.items()}
        return found

    def _named(self, schema: Schema, name: str) -> Schema:
        if len(str(schema)) <= SAID_ONCE:
            return schema
        self.definitions[name] = schema
        return {"$ref": f"#/definitions/{name}"}
