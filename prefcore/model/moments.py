"""Moments as bulk paths carry them: whole microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["from_micros", "local_text", "to_micros"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Give an aware datetime as whole microseconds since 1970-01-01T00:00Z."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Give microseconds since 1970-01-01T00:00Z as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def local_text(moment: datetime) -> str:
    """Give an aware moment as people read it, such as ``2026-01-31 12:00:00``.

    It is in the zone of this machine, or in UTC where that is none, as with ``TZ=UTC+99``.
    """
    try:
        moment = moment.astimezone()
    except ValueError:  # an offset of more than a day
        moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}"
