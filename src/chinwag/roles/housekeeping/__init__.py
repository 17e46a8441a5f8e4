"""The housekeeping role: the standing work of an installation, each job with a name."""
