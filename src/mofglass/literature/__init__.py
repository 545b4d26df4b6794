"""The literature room."""
