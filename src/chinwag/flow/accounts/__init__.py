"""What people do with accounts, one verb per file; each is a function of `Accounts` and what it was asked."""
