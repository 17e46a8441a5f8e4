"""The delivery role: takes commands from the log and commits them."""
