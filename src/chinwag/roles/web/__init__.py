"""The web client's files, as this server gives them to browsers."""
