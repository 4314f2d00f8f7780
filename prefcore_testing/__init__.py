"""Conformance suites for plugins: subclass the suite of a kind, name your plugin, run pytest."""

import pytest

# Before any module of the kit is imported, so that its failed asserts tell as much as one's own.
pytest.register_assert_rewrite("prefcore_testing")
