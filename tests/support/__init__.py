"""What the end-to-end suites stand on: a server as a process, devices that speak the protocol, a checker of runs."""
