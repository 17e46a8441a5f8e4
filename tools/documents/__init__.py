"""Writes what is generated of the protocol's documents: see `__main__`."""
