"""Where our classes and functions are put in place of moto's."""

from __future__ import annotations

import os
from typing import Any

from moto.awslambda import models as lambda_models
from moto.awslambda.responses import LambdaResponse
from moto.cloudformation import models
from moto.cloudformation.responses import CloudFormationResponse

from s3vl_local.lambda_service import event_invoke, functions

from . import change_sets, requests
from .change_sets import StrictChangeSet, create_change_set, execute_change_set
from .resource_map import StrictResourceMap
from .stacks import StrictStack, update_stack

_OURS: dict[tuple[Any, str], Any] = {
    (models, "ResourceMap"): StrictResourceMap,
    (models, "Stack"): StrictStack,
    (models, "ChangeSet"): StrictChangeSet,
    (models.CloudFormationBackend, "create_change_set"): create_change_set,
    (models.CloudFormationBackend, "execute_change_set"): execute_change_set,
    (models.CloudFormationBackend, "update_stack"): update_stack,
    (CloudFormationResponse, "create_change_set"): requests.create_change_set,
    (CloudFormationResponse, "create_stack"): requests.create_stack,
    (CloudFormationResponse, "delete_change_set"): change_sets.answer_delete,
    (CloudFormationResponse, "describe_change_set"): change_sets.answer_describe,
    (CloudFormationResponse, "list_change_sets"): change_sets.answer_list,
    (CloudFormationResponse, "update_stack"): requests.update_stack,
    (lambda_models, "LambdaFunction"): functions.Function,
    (lambda_models, "LambdaStorage"): functions.Storage,
    (lambda_models.LambdaBackend, "create_function"): functions.create_function,
    (lambda_models.LambdaBackend, "update_function_configuration"): functions.update_function_configuration,
    (lambda_models.LambdaBackend, "update_function_code"): functions.update_function_code,
    (LambdaResponse, "delete_function_event_invoke_config"): event_invoke.answer_delete,
    (LambdaResponse, "get_function_event_invoke_config"): event_invoke.answer_get,
    (LambdaResponse, "list_function_event_invoke_configs"): event_invoke.answer_list,
    (LambdaResponse, "put_function_event_invoke_config"): event_invoke.answer_put,
    (LambdaResponse, "update_function_event_invoke_config"): event_invoke.answer_update,
}
# Where moto looks up what is replaced.
REPLACED = list(_OURS)


def install() -> None:
    """Put ours there."""
    # moto's account would hold hundreds of machine images, which nobody starts here and every save would write.
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    for (place, name), ours in _OURS.items():
        setattr(place, name, ours)
