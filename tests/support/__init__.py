"""What the end-to-end suites stand on: a server as a process, devices that speak the protocol, the record of a run."""
