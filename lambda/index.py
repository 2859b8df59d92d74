"""Where Lambda starts: the function's Handler is `index.lambda_handler`.

CloudFormation always names the file of its inline placeholder `index.py`, so this file at the root of the zip
lets the placeholder and the real code have the same Handler.
"""

from s3vl_lambda.allocator import kept_for_good, return_large_blocks

__all__ = ["lambda_handler"]

# What runs here runs in Lambda's init phase, at full CPU, and goes into the snapshot of SnapStart: it opens no
# connection. The first request finds a client for the usual region.
return_large_blocks()
with kept_for_good():
    from s3vl_lambda.handler import lambda_handler
    from s3vl_lambda.services.s3_vectors import client_for
    from s3vl_lambda.settings import settings

    client_for(settings().region)
