"""What stands outside the function, and what it takes to call it: time limits, turns, bodies, threads."""
