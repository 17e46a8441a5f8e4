"""Media on their way through the server: uploads, what is made of them, sends that name them, and downloads."""
