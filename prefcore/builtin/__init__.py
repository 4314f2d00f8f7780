"""Core's own plugins, made through the same interfaces as everybody's; ``hooks`` is their door."""
