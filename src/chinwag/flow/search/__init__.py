"""The search of messages: an index that proposes, kept from the streams, and hits held against the messages."""
