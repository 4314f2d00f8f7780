"""What all tests share: property tests draw the same examples in every run.

So a change is judged by what it changed. To look for more, draw at random:
``make test ARGS=--hypothesis-profile=default``.
"""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("same", derandomize=True, database=None)
settings.load_profile("same")
