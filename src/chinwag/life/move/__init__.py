"""Moving an installation out of its data folder into PostgreSQL, so that no client notices, and the way back."""
