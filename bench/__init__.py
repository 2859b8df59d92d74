"""What a user pays for going through SQL, measured side by side with what they would do instead.

PYTHONPATH=local:tools .venv/bin/python -m bench all|quick|filtered|filtered-quick|report
"""
