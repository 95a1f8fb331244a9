"""Rows to text, JSON, CSV and Markdown. Pure functions: nothing here reads a file or knows a terminal."""
