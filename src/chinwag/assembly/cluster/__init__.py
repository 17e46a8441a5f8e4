"""The postgres profile: a server's roles on PostgreSQL and NATS. Loaded for that profile alone, with its drivers."""
