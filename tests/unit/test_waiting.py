"""How make deploy waits: what it shows, and when it stops."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from deployment import waiting
from deployment.cluster import Cluster
from deployment.function import Function

ARN = "arn:aws:rds:us-west-2:123456789012:cluster:c"
ROLE = "arn:aws:iam::123456789012:role/r"
REFUSAL = (
    "IAM role ARN value is invalid or does not include the required permissions for: AWS_ROLE_INTEGRATION"
)


class _Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        """Return the time."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    """Wait without waiting."""
    clock = _Clock()
    monkeypatch.setattr(waiting, "time", clock)
    return clock


def wait(clock: _Clock, seconds: float) -> None:
    """Wait until so much time has passed."""
    assert waiting.wait_until("it is over", clock.monotonic, busy=lambda now: now < seconds) >= seconds


def test_what_is_there_already_is_not_waited_for(clock: _Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is printed and no time passes."""
    wait(clock, 0)

    assert (clock.monotonic(), capsys.readouterr().out) == (0, "")


def test_a_log_has_a_line_at_once_and_every_quarter_of_a_minute(
    clock: _Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line says what is waited for, and for how long already."""
    wait(clock, 32)

    assert capsys.readouterr().out.splitlines() == [
        f"  wait until it is over: {seconds} s" for seconds in (0, 15, 30)
    ]


def test_a_terminal_has_a_clock_that_goes_away(
    clock: _Clock, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every second stands over the one before, and nothing of it stays on the line."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    wait(clock, 5)

    shown = capsys.readouterr().out
    assert "\n" not in shown
    assert [part for part in shown.split("\r") if part.strip()] == [
        *(f"  wait until it is over: {second} s" for second in (0, 1, 2)),
        "\x1b[K",
        *(f"  wait until it is over: {second} s" for second in (3, 4, 5)),
        "\x1b[K",
    ]


class _Rds:
    """Gives, as boto3's session and its client for RDS, a cluster whose role has one status after the other."""

    def __init__(self, *statuses: str | None, refusals: int = 0) -> None:
        self._statuses = list(statuses)
        self._refusals = refusals
        self.calls: list[str] = []

    def client(self, *_: str, **__: str) -> _Rds:
        """Give the client."""
        return self

    def describe_db_clusters(self, **_: str) -> dict[str, Any]:
        """Tell the next status; None is no role."""
        status = self._statuses.pop(0)
        role = {"RoleArn": ROLE, "FeatureName": "Lambda", "Status": status}
        return {"DBClusters": [{"AssociatedRoles": [] if status is None else [role]}]}

    def add_role_to_db_cluster(self, **_: str) -> None:
        """Take it down, after as many refusals as asked for."""
        if self._refusals:
            self._refusals -= 1
            raise ClientError({"Error": {"Code": "InvalidParameterValue", "Message": REFUSAL}}, "AddRole")
        self.calls.append("add")

    def remove_role_from_db_cluster(self, **_: str) -> None:
        """Take it down."""
        self.calls.append("remove")

    class exceptions:  # noqa: N801 - as boto3 calls it
        """Errors of RDS."""

        class DBClusterNotFoundFault(Exception):  # noqa: N818 - as RDS calls it
            """There is no such cluster."""


@pytest.mark.parametrize(
    ("statuses", "calls"),
    [
        pytest.param([None, "PENDING", "PENDING", "ACTIVE"], ["add"], id="new"),
        pytest.param(["PENDING", "PENDING", "ACTIVE"], [], id="begun by a run that was interrupted"),
        pytest.param(["ACTIVE", "ACTIVE"], [], id="there already"),
    ],
)
def test_a_role_is_attached_once_and_waited_for(statuses: list[str | None], calls: list[str]) -> None:
    """Only a cluster that has none is given the role."""
    rds = _Rds(*statuses)
    Cluster(rds, ARN).attach(ROLE)

    assert (rds.calls, rds._statuses) == (calls, [])


def test_a_role_that_was_made_just_now_is_tried_again(
    clock: _Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """RDS refuses it until it knows it; what is waited for is said meanwhile."""
    rds = _Rds(None, "ACTIVE", refusals=7)
    Cluster(rds, ARN).attach(ROLE)

    assert (rds.calls, clock.monotonic()) == (["add"], 21)
    assert f"  wait until RDS knows the role {ROLE}: 15 s\n" in capsys.readouterr().out


def test_a_role_that_stays_refused_is_given_up_after_a_minute(clock: _Clock) -> None:
    """The message has the words of RDS, and what to look at."""
    rds = _Rds(None, refusals=1000)
    with pytest.raises(
        SystemExit, match=rf"after 60 s: {REFUSAL} .* its trust policy allows rds.amazonaws.com"
    ):
        Cluster(rds, ARN).attach(ROLE)

    assert (rds.calls, clock.monotonic()) == ([], 60)


def test_a_role_that_the_cluster_cannot_take_on_is_reported() -> None:
    """The message says where RDS tells why."""
    with pytest.raises(SystemExit, match=r"cannot take on the role .*; see .* aws rds describe-events"):
        Cluster(_Rds(None, "PENDING", "INVALID"), ARN).attach(ROLE)


@pytest.mark.parametrize(
    "statuses",
    [["ACTIVE", "PENDING", None], ["PENDING", "ACTIVE", None], ["INVALID", None]],
    ids=["attached", "being attached", "not taken on"],
)
def test_a_role_is_detached_once_and_waited_for(statuses: list[str | None]) -> None:
    """IAM deletes it after that, when the cluster does not have it any more."""
    rds = _Rds(*statuses)
    Cluster(rds, ARN).detach(ROLE)

    assert (rds.calls, rds._statuses) == (["remove"], [])


class _Lambda:
    """Gives, as boto3's client, a function that is in one state after the other, and has one answer."""

    def __init__(self, *configurations: dict[str, Any], answer: bytes = b"") -> None:
        self._configurations = list(configurations)
        self._answer = answer

    def get_function_configuration(self, **_: str) -> dict[str, Any]:
        """Tell the next state."""
        return self._configurations.pop(0)

    def update_function_code(self, **_: Any) -> None:
        """Take the code."""

    def publish_version(self, **_: str) -> dict[str, str]:
        """Publish."""
        return {"Version": "7"}

    def invoke(self, **_: Any) -> dict[str, Any]:
        """Give the answer."""
        return {"Payload": self}

    def read(self) -> bytes:
        """Give the answer's bytes."""
        return self._answer


def test_code_that_lambda_cannot_take_on_is_reported() -> None:
    """The message has Lambda's reason."""
    states = [
        {"CodeSha256": "another", "LastUpdateStatus": "Successful"},
        {"LastUpdateStatus": "InProgress"},
        {"LastUpdateStatus": "Failed", "LastUpdateStatusReason": "no addresses left"},
    ]
    with pytest.raises(
        SystemExit, match=r"f \(\$LATEST\) has LastUpdateStatus Failed: no addresses left; corr"
    ):
        Function(_Lambda(*states), "f").upload(b"code")


def test_a_snapshot_that_cannot_be_made_is_reported() -> None:
    """The alias stays with the version that works."""
    states = [
        {"SnapStart": {"ApplyOn": "PublishedVersions"}},
        {"State": "Pending"},
        {"State": "Failed", "StateReason": "the code cannot start"},
    ]
    with pytest.raises(SystemExit, match=r"f \(7\) has State Failed: the code cannot start; correct that"):
        Function(_Lambda(*states), "f").release()


def test_code_that_does_not_answer_is_reported() -> None:
    """What the function says is in the message, with where to read its log."""
    with pytest.raises(
        SystemExit,
        match=r"does not work: .*; see its log: aws logs filter-log-events --log-group-name /aws/lambda/f",
    ):
        Function(_Lambda({}, answer=b'{"success": false}'), "f").release()
