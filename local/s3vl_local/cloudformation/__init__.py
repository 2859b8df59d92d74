"""moto's CloudFormation, made strict: what it would skip in silence is either really created or refused.

moto 5.2 passes over properties and types of resources that it does not know, parameter constraints and Rules.
"""

from .stacks import REPLACED, install

__all__ = ["REPLACED", "install"]
