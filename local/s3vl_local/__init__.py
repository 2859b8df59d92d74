"""The local cloud: everything AWS that the demo and the tests need, on one machine."""
