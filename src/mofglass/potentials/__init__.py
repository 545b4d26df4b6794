"""Potentials, one module each, and a registry by name."""
