"""The load generator: people at the other end of the sockets, who check every payload that they are given.

It knows the wire and nothing else of the server, so it drives anything that speaks protocol 1.
"""
