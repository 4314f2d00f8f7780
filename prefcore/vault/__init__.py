"""The vault: where sensitive values are sealed on their way into a store, and opened again.

Every changeset that the facade begins is wrapped here, so that no act can write a sensitive value
in clear, whatever it does. What is read stays sealed; who needs a value opens it.
"""

from prefcore.vault.opening import Vault, memory_uuid
from prefcore.vault.texts import HIDDEN, holds_secrets
from prefcore.vault.transaction import Hides, SealingTransaction

__all__ = ["HIDDEN", "Hides", "SealingTransaction", "Vault", "holds_secrets", "memory_uuid"]
