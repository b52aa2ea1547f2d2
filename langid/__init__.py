"""Text to language, as plain functions."""
