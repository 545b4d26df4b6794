"""The structures room."""
