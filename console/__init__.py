"""The operator's terminal console: a client of the daemon, never imported by it."""
