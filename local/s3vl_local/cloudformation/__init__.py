"""moto's CloudFormation, made strict: what it would skip in silence is either really created or refused.

moto 5.2 passes over properties and types of resources that it does not know, parameter constraints and Rules, and
changes some properties of a stack that is updated. Here every type is ours (types/), on moto's services.

template.py       what conditions leave of a template, and what in it is refused
parameters.py, conditions.py, rules.py
resources.py      what a type is, and what a stack remembers of a resource
resource_map.py   the resources of one version of a stack: made, undone, cleaned up
stacks.py, change_sets.py
"""

from .install import REPLACED, install

__all__ = ["REPLACED", "install"]
