"""Ways to hurt a server process, each with its healing; and servers made wrong on purpose (`wrong`)."""
