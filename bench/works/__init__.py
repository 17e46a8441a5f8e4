"""The works B1 to B7, one a file: what is set up, who does it, and which figures come of it.

A work that the floor can do is done by both in turns: machines are noisy, and the floor beside a figure is worth
nothing if it was taken at another time.
"""
