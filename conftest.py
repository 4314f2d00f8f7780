"""What all tests share: the same examples in every run, and failures that end.

Property tests draw the same examples, so a change is judged by what it changed, and a busy machine,
on which examples take longer, fails nothing. To look for more, draw at random:
``make test ARGS=--hypothesis-profile=default``.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

settings.register_profile(
    "same",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same")

# Hypothesis draws constants that it finds in modules of this repository, and those that are loaded
# differ with the tests that a process happened to run before.
vars(providers)["_get_local_constants"] = lambda: providers._local_constants

# Where one of these is set, pytest shows the whole difference of what an assertion compares: hours,
# for two files of some thousand lines.
for _name in ("CI", "BUILD_NUMBER"):
    os.environ.pop(_name, None)
