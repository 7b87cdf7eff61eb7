"""The pure part of the registry: addresses, states, limits, the columns of a register file."""
