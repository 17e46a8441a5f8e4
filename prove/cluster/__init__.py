"""A storm over a server on several processes: each kind of process and each engine is hurt, one after the other."""
