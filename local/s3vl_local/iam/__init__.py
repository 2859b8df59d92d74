"""Who may do what: the policies of IAM roles, enforced unless PUT /_s3vl/iam {"enforce": false} says otherwise.

switch.py       whether policies are enforced
patterns.py     wildcards, in texts and in ARNs
conditions.py   the Condition of a statement
policies.py     policy documents and a request in, a decision with its reason out
sessions.py     who calls: an access key, a function, the cluster
enforcement.py  a session's policies, read from moto's IAM at the time of the call
managed.py      managed policies: those of AWS beside those of the account, and none that does not exist
calls.py        what an HTTP request asks for: actions and resources
door.py         the refusal of an HTTP request, in the words of its service
"""
