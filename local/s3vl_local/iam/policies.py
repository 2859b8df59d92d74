"""Policy documents and a request in, a decision with its reason out. Pure: nothing here knows a service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .conditions import as_texts, hold
from .patterns import UnknownPolicyElementError, arn_like, like

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .conditions import Context

    Document = Mapping[str, Any]

_MEMBERS = {
    "Sid",
    "Effect",
    *("Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"),
}


@dataclass(frozen=True)
class Request:
    """What somebody wants to do. A resource that is None is one that the local cloud cannot tell."""

    action: str
    resource: str | None
    context: Context = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """Whether it may be done; the reason is empty when it may."""

    allowed: bool
    reason: str = ""


def decide(request: Request, policies: Mapping[str, Sequence[Document]]) -> Decision:
    """Decide by policies of each kind: no Deny anywhere, and an Allow from every kind.

    The kinds are named as AWS names them in its errors, such as "identity-based policy".
    """

    def names_resource(pattern: Any) -> bool:
        if request.resource is not None or pattern == "*":
            return pattern == "*" or arn_like(pattern, str(request.resource))
        raise UnknownPolicyElementError(
            f"the local cloud cannot tell on which resource {request.action} acts, so that a policy about {pattern} "
            "is not decided here"
        )

    effects = {
        kind: set(_effects(documents, request.action, "Resource", names_resource, request.context))
        for kind, documents in policies.items()
    }
    for kind, found in effects.items():
        if "Deny" in found:
            article = "an" if kind[0] in "aeiou" else "a"
            return Decision(allowed=False, reason=f"with an explicit deny in {article} {kind}")
    for kind, found in effects.items():
        if "Allow" not in found:
            return Decision(allowed=False, reason=f"because no {kind} allows the {request.action} action")
    return Decision(allowed=True)


def trusts(document: Document, service: str, context: Context) -> bool:
    """Tell whether a role's trust policy lets a service, such as lambda.amazonaws.com, assume it."""

    def names_service(principal: Any) -> bool:
        return principal == "*" or service in as_texts(principal.get("Service", []))

    return set(_effects([document], "sts:AssumeRole", "Principal", names_service, context)) == {"Allow"}


def _effects(
    documents: Iterable[Document],
    action: str,
    target: str,
    names_target: Callable[[Any], bool],
    context: Context,
) -> Iterator[str]:
    """Give the effect of each statement that applies."""

    def names_action(pattern: Any) -> bool:
        return like(pattern.lower(), action.lower())

    for document in documents:
        for statement in _several(document["Statement"]):
            if unknown := statement.keys() - _MEMBERS:
                raise UnknownPolicyElementError(f"a statement has {', '.join(sorted(unknown))}: {statement}")
            if (
                _matches(statement, "Action", names_action)
                and _matches(statement, target, names_target)
                and hold(statement.get("Condition", {}), context)
            ):
                yield statement["Effect"]


def _matches(statement: Mapping[str, Any], element: str, names: Callable[[Any], bool]) -> bool:
    """Tell whether an element is about the request; with Not before its name it is about all others."""
    if element in statement:
        return any(names(value) for value in _several(statement[element]))
    if f"Not{element}" in statement:
        return not any(names(value) for value in _several(statement[f"Not{element}"]))
    raise UnknownPolicyElementError(f"a statement has neither {element} nor Not{element}: {statement}")


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
