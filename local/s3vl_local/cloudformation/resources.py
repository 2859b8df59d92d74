"""What a type of resource is to the local CloudFormation, and what a stack remembers of each resource it made.

A type works on moto's services as their APIs do. The record holds no object of a service, only what names it.
"""

from __future__ import annotations

import json
import secrets
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.utilities.utils import get_partition

if TYPE_CHECKING:
    from collections.abc import Callable

# A property's own properties; or what converts its value, for a template may write a number as a text; or None
# when its value is taken as it is.
Shape = dict[str, "Shape | Callable[[Any], Any] | None"]

_RANDOM = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Place:
    """Where a stack is."""

    account: str
    region: str

    @property
    def partition(self) -> str:
        """The partition of the region, such as aws."""
        partition: str = get_partition(self.region)
        return partition


@dataclass(frozen=True)
class Resource:
    """A resource that a stack made. moto reads the names of its parts, and get_cfn_attribute."""

    logical_resource_id: str
    cf_resource_type: str
    physical_resource_id: str
    attributes: dict[str, str]
    properties: dict[str, Any]
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"

    def get_cfn_attribute(self, attribute_name: str) -> str:
        """Return the value of Fn::GetAtt."""
        if attribute_name not in self.attributes:
            raise UnformattedGetAttTemplateException
        return self.attributes[attribute_name]


class ResourceType:
    """One type. A subclass says what it honours; a template with anything else is refused.

    A property belongs into `properties` when the service shows its value afterwards.
    """

    name: ClassVar[str]
    properties: ClassVar[Shape]
    # What Fn::GetAtt can get.
    attributes: ClassVar[frozenset[str]] = frozenset()
    # The properties that cannot be changed in place: another value needs another resource.
    replacing: ClassVar[frozenset[str]] = frozenset()
    # The property that names the resource, and how long a name may be.
    name_property: ClassVar[str | None] = None
    name_limit: ClassVar[int] = 255
    # What its service raises for a resource that somebody deleted by hand.
    gone: ClassVar[tuple[type[Exception], ...]] = ()

    def create(self, place: Place, name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Create the resource; return its physical id, which Ref gives, and its attributes."""
        raise NotImplementedError

    def update(self, place: Place, resource: Resource, properties: dict[str, Any]) -> None:
        """Change the resource in place to have these properties."""
        raise NotImplementedError

    def delete(self, place: Place, resource: Resource) -> None:
        """Delete the resource."""
        raise NotImplementedError

    def generated_name(self, stack: str, logical_id: str) -> str:
        """Make up a name that fits, as CloudFormation does for what the template leaves without one."""
        end = "".join(secrets.choice(_RANDOM) for _ in range(12))
        return f"{f'{stack}-{logical_id}'[: self.name_limit - len(end) - 1].rstrip('-')}-{end}"


def changed(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    """Return the names of the properties that differ."""
    return {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}


def boolean(value: Any) -> bool:
    """Read a boolean, which a template may write as a text."""
    return str(value).lower() == "true"


def policy_document(value: Any) -> Any:
    """Return a policy as JSON, which its service takes; a template may also write it as an object."""
    # YAML reads the version of the policy language as a date.
    return json.dumps(value, default=str) if isinstance(value, dict) else value
