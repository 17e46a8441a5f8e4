"""The presence role: who is online."""
