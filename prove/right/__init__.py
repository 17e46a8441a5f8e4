"""Runs that are right, made up: as by a server that keeps every promise. The checks are tried on them."""
