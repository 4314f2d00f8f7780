"""What ``prefcore.preferences`` is made of: a noun or a group of verbs to each module.

Nothing is imported here: ``prefcore get`` and single verbs load what they need.
"""
