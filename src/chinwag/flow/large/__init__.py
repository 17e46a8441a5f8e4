"""Large groups: their events are copied to no inbox, so they are asked for, and whoever wants to know is told."""
