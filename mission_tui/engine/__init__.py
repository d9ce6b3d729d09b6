"""The engine: the loop, the runs of agents, proving, and the process that hosts them."""
