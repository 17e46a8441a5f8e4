"""The gateway role: sessions over sockets."""
