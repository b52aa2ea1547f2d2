"""The pages that a browser shows: workbench and audit view, served on the loopback address."""
