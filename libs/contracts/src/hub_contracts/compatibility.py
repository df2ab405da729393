"""Is a new JSON Schema of an event still good for those who read and write the published one?

Within a version one may add optional properties; anything else needs a new version of the event type.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def breaking_changes(published: Schema, new: Schema) -> list[str]:
    """What would break, as sentences with the path; empty when nothing does."""
    return list(_compare(published, new, published, new, "$"))


def _resolve(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        schema = root["$defs"][name]
    return schema


def _compare(old: Schema, new: Schema, old_root: Schema, new_root: Schema, path: str) -> list[str]:
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    problems = [*_types(old, new, path), *_enums(old, new, path), *_limits(old, new, path)]
    old_properties, new_properties = old.get("properties", {}), new.get("properties", {})
    problems += [f"{path}.{name}: property removed" for name in old_properties if name not in new_properties]
    added = set(new.get("required", ())) - set(old.get("required", ()))
    problems += [f"{path}.{name}: became required" for name in sorted(added)]
    dropped = set(old.get("required", ())) - set(new.get("required", ()))
    problems += [f"{path}.{name}: is not always there any more" for name in sorted(dropped & set(new_properties))]
    for name in old_properties.keys() & new_properties.keys():
        problems += _compare(old_properties[name], new_properties[name], old_root, new_root, f"{path}.{name}")
    if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
        problems += _compare(old["items"], new["items"], old_root, new_root, f"{path}[]")
    for index, (one, other) in enumerate(zip(old.get("anyOf", ()), new.get("anyOf", ()), strict=False)):
        problems += _compare(one, other, old_root, new_root, f"{path}|{index}")
    return problems


def _types(old: Schema, new: Schema, path: str) -> list[str]:
    problems = []
    for word in ("type", "format", "pattern", "const"):
        if old.get(word) != new.get(word):
            problems.append(f"{path}: {word} changed")
    if len(old.get("anyOf", ())) != len(new.get("anyOf", ())):
        problems.append(f"{path}: alternatives changed")
    return problems


def _enums(old: Schema, new: Schema, path: str) -> list[str]:
    gone = [value for value in old.get("enum", ()) if value not in (new.get("enum") or old["enum"])]
    return [f"{path}: value {value!r} removed" for value in gone]


def _limits(old: Schema, new: Schema, path: str) -> list[str]:
    problems = []
    for word in ("maxLength", "maximum", "maxItems"):
        if word in new and new[word] < old.get(word, float("inf")):
            problems.append(f"{path}: {word} narrowed")
    for word in ("minLength", "minimum", "minItems"):
        if word in new and new[word] > old.get(word, float("-inf")):
            problems.append(f"{path}: {word} narrowed")
    return problems
