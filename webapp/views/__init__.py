"""One blueprint per room of the site."""
