"""Pictures of accounts and groups."""
