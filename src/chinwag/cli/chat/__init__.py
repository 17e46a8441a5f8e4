"""`chinwag chat`: talk, in a terminal or through pipes."""
