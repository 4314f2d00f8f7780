"""The canary: a secret that takes every way there is, and the search for it in all that is left.

``play`` is the story, for ``tests/test_canary.py``, which looks at files, outputs and logs, and for
``tests/faults/traced.py``, which looks at every write of its process.
"""

from __future__ import annotations

from tests.canary.searching import STEM, found_in
from tests.canary.story import play, prepare, shell_in
from tests.canary.telling import Heard

__all__ = ["STEM", "Heard", "found_in", "play", "prepare", "shell_in"]
