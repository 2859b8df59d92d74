"""Search under a predicate: rows, recall and cost against how few rows pass it, by all who can do it."""
