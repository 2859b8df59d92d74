"""The steps of `make deploy` and `make destroy`, each on one thing in AWS and safe to repeat."""
