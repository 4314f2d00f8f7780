"""What people say of a schema version once it is registered: its name, notice, verdicts and end.

A store keeps it as a portable object and does not read it; this is how it is read and written.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from prefcore.errors import InvalidSchema, InvalidValue
from prefcore.schema.ranges import Range
from prefcore.values import canonical_text, kind_of

__all__ = ["VERDICTS", "Noted", "SaidVerdict"]

#: What somebody may say of two versions, against what is computed.
VERDICTS = ("compatible", "incompatible")


@attrs.frozen
class SaidVerdict:
    """That this version reads data of ``older``, or does not, whatever is computed, and why."""

    older: str
    verdict: str
    reason: str
    at: datetime
    by: str

    def __attrs_post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise InvalidSchema(
                f"'{self.verdict}' is no verdict; say {' or '.join(VERDICTS)}",
                verdict=self.verdict,
            )
        if not self.reason.strip():
            raise InvalidSchema("a verdict against what is computed needs a reason")


def _verdicts(verdicts: Mapping[str, SaidVerdict]) -> dict[str, SaidVerdict]:
    return dict(sorted(verdicts.items()))


@attrs.frozen(kw_only=True)
class Noted:
    """What is said of one version.

    ``minimum_application`` is the range of versions of the application that may work at it
    (node-semver's grammar), ``verdicts`` stand by the older version, ``metadata`` is the
    application's own. Raises InvalidSchema for a bad range, and for metadata that is not portable.
    """

    name: str = ""
    notice: str = ""
    minimum_application: str = ""
    deprecated_at: datetime | None = None
    deprecated_by: str = ""
    verdicts: Mapping[str, SaidVerdict] = attrs.field(factory=dict, converter=_verdicts)
    metadata: Mapping[str, object] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.minimum_application:
            Range.parse(self.minimum_application)
        try:
            canonical_text(dict(self.metadata))
        except InvalidValue as error:
            raise InvalidSchema(f"metadata: {error.message}") from error

    @property
    def is_deprecated(self) -> bool:
        """Whether the version should no longer be migrated to."""
        return self.deprecated_at is not None

    def facts(self) -> dict[str, object]:
        """Give it as a portable object: only what is said; ``from_facts`` reads it back."""
        said = attrs.asdict(self, recurse=False)
        said["verdicts"] = {
            older: attrs.asdict(one, filter=lambda field, _: field.name != "older")
            for older, one in self.verdicts.items()
        }
        said["metadata"] = dict(self.metadata)
        return {name: value for name, value in said.items() if value}

    @classmethod
    def from_facts(cls, facts: Mapping[str, object]) -> Noted:
        """Give what a store keeps; raises InvalidSchema where it is none of ours."""
        known = {field.name: field for field in attrs.fields(cls)}
        fields: dict[str, object] = {}
        for name, value in facts.items():
            if name not in known:
                raise InvalidSchema(f"the registry holds '{name}', which this prefcore knows not")
            fields[name] = value
        verdicts = fields.get("verdicts", {})
        if not isinstance(verdicts, Mapping):
            raise InvalidSchema(f"the registry's verdicts are {kind_of(verdicts)}, no object")
        try:
            fields["verdicts"] = {
                older: SaidVerdict(older=older, **said) for older, said in verdicts.items()
            }
            return cls(**fields)  # type: ignore[arg-type]  # as facts() wrote them
        except TypeError as error:
            raise InvalidSchema(f"the registry is damaged: {error}") from error
