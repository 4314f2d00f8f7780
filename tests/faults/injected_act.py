"""One act in a process that tells by its exit code alone how it ended: 0, or that of its error."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from prefcore.errors import PrefcoreError
from tests.faults import story
from tests.faults.acts import ACTS


def _do(act: str, folder: str) -> int:
    try:
        with story.opened(Path(folder)) as prefs:
            next(ACTS[act](prefs, Path(folder)))()
    except PrefcoreError as error:
        return error.exit_code
    return 0


if __name__ == "__main__":
    os._exit(_do(*sys.argv[1:]))  # nothing may be written on the way out
