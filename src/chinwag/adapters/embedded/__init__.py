"""Ports on one machine: RocksDB and in-process queues."""
