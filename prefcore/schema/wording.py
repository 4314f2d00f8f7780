"""Shapes in words, for people who read what a preference may hold."""

from __future__ import annotations

from prefcore.schema.shape import Shape

__all__ = ["RULES", "type_words"]

#: Rules of a shape that say themselves: the word of JSON Schema, and ours.
RULES = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
    "multipleOf": "a multiple of",
    "minLength": "shortest length",
    "maxLength": "longest length",
    "pattern": "pattern",
    "format": "format",
    "minItems": "fewest items",
    "maxItems": "most items",
    "uniqueItems": "items differ",
    "minProperties": "fewest members",
    "maxProperties": "most members",
    "required": "members needed",
}


def type_words(shape: Shape) -> str:
    """Give the types of values a shape allows, such as ``string or null``."""
    if shape.kinds:
        words = list(shape.kinds)
        if shape.items is not None and shape.items.kinds and "array" in words:
            words[words.index("array")] = f"array of {' or '.join(shape.items.kinds)}"
        return " or ".join(words)
    alternatives = [kind for one in (*shape.any_of, *shape.one_of) for kind in one.kinds]
    return " or ".join(dict.fromkeys(alternatives)) or "any"
