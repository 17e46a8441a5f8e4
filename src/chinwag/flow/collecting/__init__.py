"""The life of media after it was sent: which messages show what, and what may go."""
