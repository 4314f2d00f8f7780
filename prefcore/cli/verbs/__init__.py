"""The verbs, one module each, imported when called; each has its ``command``."""
