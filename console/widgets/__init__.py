"""What the console's screens are made of: widgets that draw whole lines and repaint only those that have changed."""
