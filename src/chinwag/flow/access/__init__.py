"""Who is let in: log-in, tokens, keys, and how often one may guess. One verb or one thing per file."""
