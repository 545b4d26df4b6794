"""The topology room."""
