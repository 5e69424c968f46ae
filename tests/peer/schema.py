"""Checks reports against their JSON Schema: as much of the language as it uses, and no keyword is passed over."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
    "boolean": bool, "null": type(None)}  # fmt: skip
ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description", "x-volatile"}


def breaches(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:
    """What is wrong with `value`, each with its place; empty where it is valid."""
    found: list[str] = []
    for keyword, wanted in schema.items():
        if keyword in ANNOTATIONS:
            continue
        if keyword not in RULES:
            raise ValueError(f"{at}: the schema uses `{keyword}`, which tests/peer/schema.py must be taught")
        found += [f"{at}{words}" for words in RULES[keyword](value, wanted, schema, root, at)]
    return found


def is_type(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def types(value: Any, wanted: Any, *_: Any) -> list[str]:
    names = [wanted] if isinstance(wanted, str) else wanted
    return [] if any(is_type(value, name) for name in names) else [f" is no {' or '.join(names)}: {value!r:.80}"]


def reference(value: Any, wanted: str, _: Any, root: dict[str, Any], at: str) -> list[str]:
    target: Any = root
    for part in wanted.removeprefix("#/").split("/"):
        target = target[part]
    return nested(value, target, root, at)


def nested(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str, below: str = "") -> list[str]:
    """Breaches of a part, as seen from the place that holds it."""
    return [words.removeprefix(at) for words in breaches(value, schema, root, at + below)]


def properties(value: Any, wanted: dict[str, Any], schema: Any, root: dict[str, Any], at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    given = value.keys() & wanted
    return [words for name in given for words in nested(value[name], wanted[name], root, at, f".{name}")]


def additional(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    others = value.keys() - schema.get("properties", {}) if isinstance(value, dict) else set()
    if isinstance(wanted, bool):
        return [] if wanted else [f".{name} is not allowed" for name in others]
    return [words for name in others for words in nested(value[name], wanted, root, at, f".{name}")]


def items(value: Any, wanted: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> list[str]:
    rest = list(enumerate(value))[len(schema.get("prefixItems", [])) :] if isinstance(value, list) else []
    if isinstance(wanted, bool):
        return [] if wanted else [f"[{index}] is one too many" for index, _ in rest]
    return [words for index, item in rest for words in nested(item, wanted, root, at, f"[{index}]")]


def first_items(value: Any, wanted: list[Any], _: Any, root: dict[str, Any], at: str) -> list[str]:
    pairs = enumerate(zip(value, wanted)) if isinstance(value, list) else ()
    return [words for index, (item, schema) in pairs for words in nested(item, schema, root, at, f"[{index}]")]


def any_of(value: Any, wanted: list[Any], _: Any, root: dict[str, Any], at: str) -> list[str]:
    tried = [nested(value, schema, root, at) for schema in wanted]
    return [] if [] in tried else min(tried, key=len)


RULES: dict[str, Any] = {
    "type": types,
    "$ref": reference,
    "properties": properties,
    "additionalProperties": additional,
    "items": items,
    "prefixItems": first_items,
    "anyOf": any_of,
    "required": lambda v, w, *_: [f" lacks {n}" for n in w if isinstance(v, dict) and n not in v],
    "enum": lambda v, w, *_: [] if v in w else [f" is none of {w}: {v!r:.80}"],
    "const": lambda v, w, *_: [] if v == w else [f" is not {w!r}: {v!r:.80}"],
    "pattern": lambda v, w, *_: [f" is not like {w}: {v!r:.80}"] if isinstance(v, str) and not re.search(w, v) else [],
    "format": lambda v, w, *_: [] if w == "uri" and urlsplit(str(v)).scheme else [f" is no {w}: {v!r:.80}"],
    "minimum": lambda v, w, *_: [f" is below {w}: {v}"] if is_type(v, "number") and v < w else [],
    "minLength": lambda v, w, *_: [f" is shorter than {w}: {v!r}"] if isinstance(v, str) and len(v) < w else [],
    "minItems": lambda v, w, *_: [f" has under {w} items"] if isinstance(v, list) and len(v) < w else [],
    "maxItems": lambda v, w, *_: [f" has over {w} items"] if isinstance(v, list) and len(v) > w else [],
}
