"""What keeps secrets secret: the key ring, sealed values, encrypted documents, telling names.

The modules with ciphers are imported where they are needed: ``cryptography`` costs 20 ms to import.
"""

from prefcore.security.names import is_telling_name

__all__ = ["is_telling_name"]
