"""One file for each family: which of its modules plays which part."""
