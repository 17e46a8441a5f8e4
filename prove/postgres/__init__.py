"""What shows that the stores on PostgreSQL hold with several owners at once."""
