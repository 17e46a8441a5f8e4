"""The life of an installation: checkpoints, backup and restore, and what the doctor looks at.

It stands on adapters and roles, and knows the data folder as a whole. The server (through `assembly`) and the
commands (`cli`) use it.
"""
