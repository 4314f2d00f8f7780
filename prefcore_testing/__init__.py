"""Conformance suites for plugins: subclass the suite of a kind, name your plugin, run pytest."""

from pkgutil import iter_modules

import pytest

# Before any module of the kit is imported, so that its failed asserts tell as much as one's own.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
