"""The suite that every format passes: its declaration kept, nothing lost, bad input refused.

::

    from prefcore_testing.formats import FormatSuite

    from my_format import prefcore_formats

    class TestMyFormat(FormatSuite):
        (info,) = prefcore_formats()
"""

from __future__ import annotations

from prefcore_testing.formats.declaration import DeclarationChecks
from prefcore_testing.formats.hostile import HostileChecks
from prefcore_testing.formats.limits import LimitChecks
from prefcore_testing.formats.round_trip import RoundTripChecks
from prefcore_testing.formats.streaming import StreamingChecks
from prefcore_testing.formats.updating import UpdateChecks

__all__ = ["FormatSuite"]


class FormatSuite(
    DeclarationChecks,
    RoundTripChecks,
    StreamingChecks,
    UpdateChecks,
    LimitChecks,
    HostileChecks,
    kit=True,
):
    """Checks of ``prefcore.interfaces.Format``: subclass it and give ``info``.

    What a format need not do it does not declare (``Capability``); then it has to refuse it.
    ``module`` names the plugin module where it is not the package that ``info.factory`` is of.
    """
