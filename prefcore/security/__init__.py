"""What keeps secrets secret; so far which names tell of one, the rest comes with the key ring."""

from prefcore.security.names import is_telling_name

__all__ = ["is_telling_name"]
