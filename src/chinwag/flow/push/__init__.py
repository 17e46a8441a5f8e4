"""Pushes: who is reached where, what waits, and how it is sent and taken back."""
