"""The push role: reaches devices that are not connected."""
