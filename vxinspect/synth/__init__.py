"""Synthetic captures whose truth is known."""
