"""What migration steps do between two versions, as far as a comparison asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs

from prefcore.values import UNSET

__all__ = ["NO_BRIDGE", "Bridge", "StepFault"]


@attrs.frozen
class StepFault:
    """What in a step does not go with the schemas, for which key; perhaps a value shows it."""

    key: str
    message: str
    witness: object = UNSET


def _names(names: Iterable[str]) -> frozenset[str]:
    return frozenset(names)


@attrs.frozen
class Bridge:
    """What the steps between two versions do.

    ``steps`` are their ids; ``renames`` the newer names of older keys; ``touched`` the keys, by
    their older and newer names, that an operation decides on; ``one_way`` those of them for which
    values written afterwards have no way back; ``faults`` what does not fit.
    """

    steps: tuple[str, ...] = ()
    renames: Mapping[str, str] = attrs.field(factory=dict)
    touched: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    one_way: frozenset[str] = attrs.field(default=frozenset(), converter=_names)
    faults: tuple[StepFault, ...] = ()

    def remedies(self, key: str, *, reversibly: bool) -> bool:
        """Say whether the steps say what becomes of a key's values, and back where asked."""
        return key in self.touched and not (reversibly and key in self.one_way)


#: Where no step stands between two versions.
NO_BRIDGE = Bridge()
