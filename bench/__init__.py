"""What a user pays for going through SQL, measured side by side with what they would do instead.

PYTHONPATH=local .venv/bin/python -m bench [quick]
"""
