"""Log-ins with accounts that people have elsewhere (OpenID Connect): one verb or one thing per file."""
