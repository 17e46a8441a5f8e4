"""Shows that the promises hold: records of runs, and the checks that judge them. Stands outside the server."""
