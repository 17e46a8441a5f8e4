"""The gateway role: connections and their sessions."""
