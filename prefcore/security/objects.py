"""Objects that stand as canonical text in files which anybody may have written."""

from __future__ import annotations

from prefcore.errors import DamagedValue, IntegrityError, InvalidValue
from prefcore.values import from_text

__all__ = ["object_of"]


def object_of(data: bytes, name: str) -> dict[str, object]:
    """Give the object that stands there; raises IntegrityError, naming the file."""
    try:
        value = from_text(data.decode())
    except (DamagedValue, InvalidValue, UnicodeDecodeError, RecursionError) as error:
        raise IntegrityError(f"{name} is damaged: it holds no object", file=name) from error
    if not isinstance(value, dict):
        raise IntegrityError(f"{name} is damaged: it holds no object", file=name)
    return value
