"""`chinwag cluster demo`: a whole cluster on this machine, to try things out on."""
