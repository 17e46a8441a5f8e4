"""Values and rules of chat: pure, no I/O, imports nothing of the project."""
