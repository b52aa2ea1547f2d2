"""Text to numbers and spans, as plain functions."""
