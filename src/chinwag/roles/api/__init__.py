"""The api role: stateless request and response over HTTP."""
