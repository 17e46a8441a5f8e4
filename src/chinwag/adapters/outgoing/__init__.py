"""Requests to addresses that strangers named: only to hosts that are allowed, and nowhere but to the Internet."""
