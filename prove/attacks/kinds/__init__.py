"""The attacks, one file each, each with an `ATTACK`."""
