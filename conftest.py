"""What all tests share: property tests draw the same examples in every run.

So a change is judged by what it changed, and a busy machine, on which examples take longer, fails
nothing. To look for more, draw at random: ``make test ARGS=--hypothesis-profile=default``.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile(
    "same",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("same")
