"""The Lambda service: runs the uploaded zips for real, and answers Invoke over HTTP and over PostgreSQL's protocol.

invocation.py   what a caller asks for and gets: names, ARNs, types, limits, errors
service.py      which function, which warm environment, asynchronous attempts
functions.py    functions and versions, where moto's lack something
event_invoke.py, asynchronous.py   how often an event is tried, and where it goes when it failed
environment.py  one execution environment: a process that runs awslambdaric
runtime_api.py  the HTTP API through which that process gets events and gives answers
telemetry.py    what CloudWatch gets of it: log lines and metrics
http.py         Invoke as the AWS SDKs and the CLI speak it
wire.py         Invoke as the local aws_lambda extension speaks it: PostgreSQL's protocol, simple queries
"""
