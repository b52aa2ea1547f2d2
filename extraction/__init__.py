"""Main-content extraction: a page's markup to the text that somebody wrote there to be read."""
