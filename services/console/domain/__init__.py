"""What the console keeps, as values on a desk, and how each event moves it. Pure."""
