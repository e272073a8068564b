"""Tools for an agent's volume, run beside the agent or without one: `python -m kosmos.tools.NAME`."""
