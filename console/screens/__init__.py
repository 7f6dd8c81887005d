"""The console's screens: the main one, and the dialogs that lie over it while it stays live."""
