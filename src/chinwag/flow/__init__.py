"""The way of a message, one leg a file."""
