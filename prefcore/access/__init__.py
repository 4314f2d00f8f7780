"""Access: the policies in force, and what they let whom do."""
