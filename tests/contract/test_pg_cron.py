"""The local pg_cron has the functions, tables and texts of pg_cron 1.6, and its jobs run as those of the real one.

Documented is what pg_cron's README, its source or Amazon RDS's guide say; measured is what Debian's pg_cron 1.4.2
answered on PostgreSQL 15; the rest is assumed. docs/local-stack.md has the table.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest

from s3vl_local import cron, postgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from s3vl_local.cloud import LocalCloud

HINT = "Use cron format (e.g. 5 4 * * *), or interval format '[1-59] seconds'"
# Far away: nothing runs while a test looks.
NEVER = "0 0 1 1 *"
OWN = "from cron.job_run_details where jobid = %s"


@pytest.fixture(scope="module", autouse=True)
def role(cloud: LocalCloud) -> Iterator[str]:
    """Make a role that can log in, and nothing more."""
    server = cloud.postgres()
    server.create_login("cron_app")
    yield "cron_app"
    with server.connect("rdsadmin") as platform:
        platform.execute("drop role cron_app")


@pytest.fixture
def master(cloud: LocalCloud) -> Iterator[psycopg.Connection]:
    """Connect as the master user, who has created pg_cron; drop it afterwards."""
    with cloud.postgres().connect() as connection:
        connection.execute("create extension pg_cron")
        yield connection
        connection.execute("drop extension pg_cron")


@pytest.fixture
def app(cloud: LocalCloud, master: psycopg.Connection, role: str) -> Iterator[psycopg.Connection]:
    """Connect as the role, which may use the schema."""
    master.execute(f"grant usage on schema cron to {role}")  # type: ignore[arg-type]
    with cloud.postgres().connect(role) as connection:
        yield connection


def ask(connection: psycopg.Connection, statement: LiteralString, *parameters: Any) -> Any:
    """Return the one value that a statement returns."""
    [(value,)] = connection.execute(statement, parameters or None).fetchall()
    return value


def wait_for(connection: psycopg.Connection, condition: LiteralString, *parameters: Any) -> None:
    """Wait until a query's one value is true."""
    limit = time.monotonic() + 60
    while not ask(connection, condition, *parameters):
        assert time.monotonic() < limit, condition
        time.sleep(0.05)


def first_run(connection: psycopg.Connection, job_id: int) -> tuple[Any, ...]:
    """Wait for the end of a job's first run, and return it."""
    wait_for(connection, f"select exists (select {OWN} and status in ('succeeded', 'failed'))", job_id)
    cursor = connection.execute(
        f"select database, username, command, status, return_message {OWN} order by runid limit 1", [job_id]
    )
    [row] = cursor.fetchall()
    return row


@pytest.mark.parametrize(
    "schedule",
    ["1 second", "59 seconds", " 10 SECONDS ", "* * * * *", "*/5 0-23/2 1,15 jan-mar mon", "5 4 $ * 7",
     "0 0 29 2 *", "@daily", "@reboot", "* * * * * not read"],
)  # fmt: skip
def test_a_schedule_is_a_crontab_or_seconds(master: psycopg.Connection, schedule: str) -> None:
    """What pg_cron takes is taken and kept as it is (documented; that a sixth field is not read is measured)."""
    job_id = ask(master, "select cron.schedule(%s, 'select 1')", schedule)

    assert ask(master, "select schedule from cron.job where jobid = %s", job_id) == schedule


@pytest.mark.parametrize(
    "schedule",
    ["", "0 seconds", "60 seconds", "1 minute", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
     "* * * * 8", "1/5 * * * *", "*/0 * * * *", "x * * * *", "@restar"],
)  # fmt: skip
def test_any_other_schedule_is_refused(master: psycopg.Connection, schedule: str) -> None:
    """The error has the schedule, and a hint that shows both forms (documented)."""
    with pytest.raises(psycopg.errors.InvalidParameterValue) as refused:
        master.execute("select cron.schedule(%s, 'select 1')", [schedule])

    assert refused.value.diag.message_primary == f"invalid schedule: {schedule}"
    assert refused.value.diag.message_hint == HINT


def test_a_name_is_the_users_own(master: psycopg.Connection, app: psycopg.Connection) -> None:
    """To schedule a name again changes its job; another user's job of that name is another (documented)."""
    job_id = ask(master, "select cron.schedule('sync', %s, 'select 1')", NEVER)

    assert ask(master, "select cron.schedule('sync', '5 seconds', 'select 2')") == job_id
    assert ask(app, "select cron.schedule('sync', %s, 'select 3')", NEVER) != job_id
    jobs = "select schedule, command, nodename, nodeport, database, username, active, jobname from cron.job"
    port = master.info.port
    assert master.execute(jobs).fetchall() == [
        ("5 seconds", "select 2", "localhost", port, "postgres", "postgres", True, "sync")
    ]
    assert app.execute(jobs).fetchall() == [
        (NEVER, "select 3", "localhost", port, "postgres", "cron_app", True, "sync")
    ]
    assert ask(app, "select cron.unschedule('sync')") is True
    assert master.execute(jobs).rowcount == 1


@pytest.mark.parametrize(
    ("statement", "sqlstate", "message"),
    [
        ("select cron.unschedule(77)", "XX000", "could not find valid entry for job 77"),
        ("select cron.unschedule('other')", "XX000", "could not find valid entry for job 'other'"),
        (
            "select cron.unschedule(current_setting('test.job_id')::bigint)",
            "42501",
            "permission denied for table job",
        ),
        ("select cron.schedule('a', '* * * * *', null)", "XX000", "command can not be NULL"),
        ("select cron.schedule('a', null, 'select 1')", "XX000", "schedule can not be NULL"),
        ("select cron.schedule(null, '* * * * *', 'select 1')", "XX000", "job_name can not be NULL"),
        (
            "select cron.schedule_in_database('a', '* * * * *', 'select 1', 'template1')",
            "42501",
            "permission denied for function schedule_in_database",
        ),
        ("select cron.alter_job(1, active => false)", "42501", "permission denied for function alter_job"),
    ],
)
def test_others_jobs_are_out_of_reach(
    master: psycopg.Connection,
    app: psycopg.Connection,
    statement: LiteralString,
    sqlstate: str,
    message: str,
) -> None:
    """Who may use the schema schedules and ends jobs of their own; errors have these words (measured)."""
    job_id = ask(master, "select cron.schedule('other', %s, 'select 1')", NEVER)
    app.execute("select set_config('test.job_id', %s, false)", [str(job_id)])

    with pytest.raises(psycopg.Error) as refused:
        app.execute(statement)

    assert (refused.value.sqlstate, refused.value.diag.message_primary) == (sqlstate, message)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "select cron.schedule_in_database('a', '* * * * *', 'select 1', 'template0', 'postgres')",
            "must be superuser to create a job for another role",
        ),
        (
            "select cron.schedule_in_database('a', '* * * * *', 'select 1', 'nowhere')",
            'database "nowhere" does not exist',
        ),
        ("select cron.alter_job(1, username => 'rdsadmin')", "must be superuser to alter username"),
        ("select cron.alter_job(77, active => false)", "Job 77 does not exist or you don't own it"),
        ("select cron.alter_job(1)", "no updates specified"),
        ("select cron.alter_job(null)", "job_id can not be NULL"),
    ],
)
def test_the_master_user_lets_in_whom_it_wants(
    master: psycopg.Connection, app: psycopg.Connection, statement: LiteralString, message: str
) -> None:
    """schedule_in_database and alter_job are granted by the master user (documented); their errors are measured."""
    for function in ("schedule_in_database", "alter_job"):
        master.execute(f"grant execute on function cron.{function} to cron_app")  # type: ignore[arg-type]

    with pytest.raises(psycopg.Error) as refused:
        app.execute(statement)

    assert refused.value.diag.message_primary == message


def test_pg_cron_lives_in_one_database(cloud: LocalCloud, database_names: Iterator[str]) -> None:
    """It can be created in postgres only, as cron.database_name says by default (measured)."""
    server, name = cloud.postgres(), next(database_names)
    server.create_database(name)

    with (
        server.connect(database=name) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="can only create extension in database postgres"),
    ):
        connection.execute("create extension pg_cron")

    server.drop_database(name)


def test_a_run_is_kept(master: psycopg.Connection, app: psycopg.Connection) -> None:
    """A job runs as who scheduled it, and job_run_details says how its last statement ended (measured)."""
    ends = {
        "select 1 / (session_user = 'cron_app' and current_user = session_user)::integer": (
            "succeeded",
            "1 row",
        ),
        "select generate_series(1, 3)": ("succeeded", "3 rows"),
        "select 1; create temp table t (a integer)": ("succeeded", "CREATE TABLE"),
        "vacuum pg_catalog.pg_class": ("succeeded", "VACUUM"),
        "do $$ begin commit; end $$": ("succeeded", "DO"),
        "": ("succeeded", "0 rows"),
        "select 1 / 0": ("failed", "ERROR:  division by zero\n"),
    }
    jobs = {command: ask(app, "select cron.schedule('1 second', %s)", command) for command in ends}

    for command, end in ends.items():
        assert first_run(app, jobs[command]) == ("postgres", "cron_app", command, *end)
    assert ask(
        app,
        "select bool_and(job_pid > 0 and start_time <= end_time) from cron.job_run_details where end_time is not null",
    )
    assert ask(master, "select count(*) from cron.job_run_details") == 0


def test_a_job_runs_in_the_database_that_it_names(
    cloud: LocalCloud, master: psycopg.Connection, database_names: Iterator[str]
) -> None:
    """schedule_in_database runs jobs elsewhere, and a job that cannot connect says so (measured)."""
    server, name = cloud.postgres(), next(database_names)
    server.create_database(name)
    master.execute("grant execute on function cron.schedule_in_database to postgres")
    job_id = ask(
        master, "select cron.schedule_in_database('a', '1 second', 'create table made ()', %s)", name
    )

    assert first_run(master, job_id) == (
        name,
        "postgres",
        "create table made ()",
        "succeeded",
        "CREATE TABLE",
    )
    with server.connect(database=name) as connection:
        assert ask(connection, "select to_regclass('made') is not null")
    server.drop_database(name)
    wait_for(master, f"select exists (select {OWN} and return_message = 'connection failed')", job_id)


def test_one_run_of_a_job_at_a_time(master: psycopg.Connection) -> None:
    """A run that is due while another of the job runs begins when that has ended; others do not wait (documented)."""
    slow = ask(master, "select cron.schedule('slow', '1 second', 'select pg_sleep(1.5)')")
    quick = ask(master, "select cron.schedule('quick', '1 second', 'select 1')")
    wait_for(master, f"select count(*) = 2 {OWN} and status = 'succeeded'", slow)

    assert ask(
        master,
        "select bool_and(d.start_time >= d.ended) from ("
        f"select start_time, lag(end_time) over (order by runid) as ended {OWN}) as d where d.ended is not null",
        slow,
    )
    # It had been due for some time, and the quick job, which is due each second, comes after it.
    assert ask(
        master,
        "select not exists (select from cron.job_run_details as q join ("
        f"select start_time, lag(end_time) over (order by runid) as ended {OWN}) as d"
        " on q.start_time > d.ended and q.start_time < d.start_time where q.jobid = %s)",
        slow,
        quick,
    )
    # And the quick one did not wait for a slow one to end.
    assert ask(
        master,
        "select exists (select from cron.job_run_details as q join cron.job_run_details as s"
        " on q.start_time > s.start_time and q.start_time < s.end_time where q.jobid = %s and s.jobid = %s)",
        quick,
        slow,
    )


def test_a_job_that_is_unscheduled_is_cut_off(master: psycopg.Connection) -> None:
    """Its run ends as canceled, and it starts no more (documented)."""
    job_id = ask(master, "select cron.schedule('long', '1 second', 'select pg_sleep(60)')")
    wait_for(master, f"select exists (select {OWN} and status = 'running')", job_id)

    master.execute("select cron.unschedule('long')")

    assert first_run(master, job_id)[3:] == ("failed", "job canceled")


def test_a_job_is_learnt_of_whatever_the_scheduler_is_at(
    cloud: LocalCloud, master: psycopg.Connection
) -> None:
    """What tells of a job may come with the end of another query; no other job is due that would wake it (assumed)."""
    ends = ask(master, "select cron.schedule('ends', '1 second', 'select pg_sleep(60)')")
    wait_for(master, f"select exists (select {OWN} and status = 'running')", ends)
    with cloud.postgres().connect("rdsadmin") as platform, platform.transaction():
        platform.execute("lock table cron.job_run_details in exclusive mode")
        master.execute("select cron.unschedule('ends')")
        wait_for(
            platform,
            "select wait_event_type = 'Lock' from pg_stat_activity where application_name = 'pg_cron scheduler'",
        )
        comes = ask(master, "select cron.schedule('comes', '1 second', 'select 1')")

    assert first_run(master, comes)[3] == "succeeded"


def test_a_job_rests_while_it_is_not_active(master: psycopg.Connection) -> None:
    """alter_job changes what it is given; a job that is not active starts when it is active again (documented)."""
    master.execute("grant execute on function cron.alter_job to postgres")
    with master.transaction():
        resting = ask(master, "select cron.schedule('resting', '1 second', 'select 1')")
        master.execute("select cron.alter_job(%s, active => false)", [resting])
    other = ask(master, "select cron.schedule('other', '1 second', 'select 1')")
    first_run(master, other)
    assert ask(master, f"select count(*) {OWN}", resting) == 0

    master.execute("select cron.alter_job(%s, command => 'select 2', active => true)", [resting])

    assert first_run(master, resting)[2] == "select 2"


def test_nothing_is_asked_while_nothing_is_due(cloud: LocalCloud, master: psycopg.Connection) -> None:
    """The scheduler learns of a job at once, and then leaves the server alone until one is due."""
    last_asked = "select query_start from pg_stat_activity where application_name = 'pg_cron scheduler'"
    with cloud.postgres().connect("rdsadmin") as platform:
        before = ask(platform, last_asked)
        master.execute("select cron.schedule(%s, 'select 1')", [NEVER])
        wait_for(platform, f"select ({last_asked}) > %s", before)
        # Longer than the scheduler ever waits for anything.
        quiet = "%s * interval '1 second' < clock_timestamp() - "
        wait_for(platform, f"select {quiet} ({last_asked})", 2 * cron.POLL_SECONDS)


def test_jobs_survive_a_restart(server_folder: Path) -> None:
    """A run that a stop cuts off has failed, jobs go on after the next start, and @reboot runs then (documented).

    A stop ends the run's connection and the scheduler's own. If that of the run is first, the scheduler can still
    say so; otherwise it finds the run at the next start.
    """
    folder = server_folder / "pg_cron"
    service = postgres.LambdaService("127.0.0.1:1", "nobody listens")
    scheduler = cron.Scheduler(folder)
    try:
        with postgres.start(folder, service=service).connect() as master:
            master.execute("create extension pg_cron")
            cut = ask(master, "select cron.schedule('1 second', 'select pg_sleep(60)')")
            goes_on = ask(master, "select cron.schedule('1 second', 'select 1')")
            starts = ask(master, "select cron.schedule('@reboot', 'select 2')")
            wait_for(master, f"select exists (select {OWN} and status = 'running')", cut)
            assert first_run(master, goes_on)[3] == "succeeded"
            starts = ask(master, "select cron.schedule('@reboot', 'select 2')")
            before = ask(master, "select max(runid) from cron.job_run_details")
        found(folder).stop()
        with postgres.start(folder, service=service).connect() as master:
            assert first_run(master, starts)[3] == "succeeded"
            status, message = first_run(master, cut)[3:]
            assert status == "failed"
            assert message in ("server restarted", "connection lost") or "terminating connection" in message
            wait_for(master, f"select exists (select {OWN} and runid > %s)", goes_on, before)
    finally:
        found(folder).stop()
        scheduler.close()


def found(folder: Path) -> postgres.PostgresServer:
    """Return the server that runs in a folder."""
    server = postgres.find(folder)
    assert server
    return server


@pytest.mark.parametrize(
    ("schedule", "due"),
    [
        ("10 seconds", "2026-02-28 10:30:10"),
        ("*/20 * * * *", "2026-02-28 10:40:00"),
        ("15 10 * * *", "2026-03-01 10:15:00"),
        # Either day, when both are given; and both, when one begins with a star.
        ("0 12 13 * fri", "2026-03-06 12:00:00"),
        ("0 12 */31 * sun", "2026-03-01 12:00:00"),
        ("0 0 $ * *", "2026-03-31 00:00:00"),
        ("0 0 1 jan 7", "2027-01-01 00:00:00"),
        ("@hourly", "2026-02-28 11:00:00"),
        ("0 12 * * * not read", "2026-02-28 12:00:00"),
    ],
)
def test_crontabs_are_those_of_vixie_cron(schedule: str, due: str) -> None:
    """When a schedule is due next, in GMT, after 10:30 on the last of February (documented)."""
    job = cron.Job(1, schedule, "select 1", "postgres", "postgres")

    found = cron.next_run(job, datetime(2026, 2, 28, 10, 30, tzinfo=UTC))

    assert f"{found:%Y-%m-%d %H:%M:%S}" == due
