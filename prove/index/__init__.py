"""A record's facts, gathered in one pass so that each check finds what it needs. It gathers and does not judge."""
