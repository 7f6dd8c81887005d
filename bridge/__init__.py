"""The cpanbridge daemon: Python functions for Perl programs, behind a Unix socket."""

__version__ = "0.1.0"
