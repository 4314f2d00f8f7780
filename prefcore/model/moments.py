"""Moments as bulk paths carry them: whole microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["from_micros", "to_micros"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(moment: datetime) -> int:
    """Give an aware datetime as whole microseconds since 1970-01-01T00:00Z."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    """Give microseconds since 1970-01-01T00:00Z as an aware datetime in UTC."""
    return _EPOCH + timedelta(microseconds=micros)
