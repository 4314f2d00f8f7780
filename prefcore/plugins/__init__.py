"""Plugins: found without importing, allowed, loaded one by one, and their problems as data."""
