"""The API of event-invoke configurations: how asynchronous invocations of one qualifier of a function are handled.

Functions in place of moto's methods, which know no qualifiers.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import InvalidParameterValueException, UnknownEventConfig
from moto.awslambda.models import EventInvokeConfig

from .functions import LATEST


def put(backend: Any, name: str, qualifier: str | None, config: dict[str, Any]) -> dict[str, Any]:
    """Put the configuration of a function's qualifier, which must exist."""
    function = backend.get_function(name, qualifier)
    _check_destinations(config.get("DestinationConfig", {}))
    key = (function.function_name, qualifier or LATEST)
    arn = f"{backend.get_function(function.function_name).function_arn}:{key[1]}"
    made = EventInvokeConfig(arn, time.time(), config)
    _configs(backend)[key] = made
    return _answer(made)


def get(backend: Any, name: str, qualifier: str | None) -> dict[str, Any]:
    """Return the configuration."""
    return _answer(_configs(backend)[_key(backend, name, qualifier)])


def delete(backend: Any, name: str, qualifier: str | None) -> None:
    """Delete the configuration."""
    del _configs(backend)[_key(backend, name, qualifier)]


def settings(backend: Any, name: str, qualifier: str | None) -> dict[str, Any]:
    """Return what is configured, which may be nothing."""
    made = _configs(backend).get((name, qualifier or LATEST))
    return {} if made is None else dict(made.config)


def answer_put(response: Any) -> str:
    """Answer PutFunctionEventInvokeConfig."""
    return json.dumps(put(response.backend, *_asked(response), response.json_body))


def answer_update(response: Any) -> str:
    """Answer UpdateFunctionEventInvokeConfig, which keeps what it does not name."""
    name, qualifier = _asked(response)
    before = _configs(response.backend)[_key(response.backend, name, qualifier)].config
    return json.dumps(put(response.backend, name, qualifier, {**before, **response.json_body}))


def answer_get(response: Any) -> str:
    """Answer GetFunctionEventInvokeConfig."""
    return json.dumps(get(response.backend, *_asked(response)))


def answer_delete(response: Any) -> tuple[int, dict[str, int], str]:
    """Answer DeleteFunctionEventInvokeConfig."""
    delete(response.backend, *_asked(response))
    return 204, {"status": 204}, ""


def answer_list(response: Any) -> str:
    """Answer ListFunctionEventInvokeConfigs."""
    name = response.backend.get_function(unquote(response.path.rsplit("/", 3)[1])).function_name
    made = _configs(response.backend).items()
    return json.dumps(
        {"FunctionEventInvokeConfigs": [_answer(config) for key, config in made if key[0] == name]}
    )


def _check_destinations(destinations: dict[str, Any]) -> None:
    """Refuse destinations that get nothing here."""
    for outcome, target in destinations.items():
        arn = target.get("Destination", "")
        if arn and (outcome != "OnFailure" or arn.split(":")[2] != "sqs"):
            raise InvalidParameterValueException(
                f"The local Lambda service sends failures to SQS queues only, not {outcome} to {arn}."
            )


def _asked(response: Any) -> tuple[str, str | None]:
    """Return which function and qualifier a request names."""
    return unquote(response.path.rsplit("/", 2)[1]), response._get_param("Qualifier")  # noqa: SLF001 - moto's way


def _key(backend: Any, name: str, qualifier: str | None) -> tuple[str, str]:
    function = backend.get_function(name, qualifier)
    key = (function.function_name, qualifier or LATEST)
    if key not in _configs(backend):
        raise UnknownEventConfig(f"{backend.get_function(key[0]).function_arn}:{key[1]}")
    return key


def _configs(backend: Any) -> dict[tuple[str, str], EventInvokeConfig]:
    configs: dict[tuple[str, str], EventInvokeConfig] = backend._lambdas.event_invoke_configs  # noqa: SLF001 - ours
    return configs


def _answer(made: EventInvokeConfig) -> dict[str, Any]:
    answer: dict[str, Any] = made.response()
    return answer
