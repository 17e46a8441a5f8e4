"""What some number of people needs of machines, reckoned from what this code was measured to cost: see `__main__`."""
