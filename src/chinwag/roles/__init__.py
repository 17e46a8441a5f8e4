"""Network input turned into calls of the flow, one package a role."""
