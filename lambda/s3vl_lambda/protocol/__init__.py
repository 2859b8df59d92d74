"""What travels between the SQL functions and this one, in Python's terms: requests, answers and errors."""
