"""The functions that every daemon brings along, one file a module; each imports ``bridge.api`` and its own library."""
