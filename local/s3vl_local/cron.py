"""pg_cron's scheduler: runs the jobs of cron.job, each as who scheduled it, and keeps cron.job_run_details.

The extension is a stand-in of ours, in local/sql/extension, and tells of every change of its jobs by NOTIFY. Until
then the scheduler waits on one idle connection; while nothing is due it asks nothing.
"""

from __future__ import annotations

import logging
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from selectors import EVENT_READ, DefaultSelector
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from cronsim import CronSim, CronSimError
from psycopg.pq import ExecStatus

from s3vl_local import postgres

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg.pq.abc import PGresult

    from s3vl_local.postgres import PostgresServer

# How long it may take to notice that PostgreSQL has started, and that the cloud stops.
POLL_SECONDS = 1.0
# pg_cron's default of cron.max_running_jobs.
MAX_RUNNING = 32
CONNECT_SECONDS = 10

_SECONDS = re.compile(r"\s*(\d+)\s*seconds?\s*", re.IGNORECASE)
_SPECIAL = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_AT_START = ("@reboot", "@restart")
_COPY = (ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH)

_log = logging.getLogger(__name__)


class Job(NamedTuple):
    """A row of cron.job."""

    id: int
    schedule: str
    command: str
    database: str
    username: str


@dataclass
class Task:
    """What the scheduler knows of a job: when it is due next, and how many runs wait for the one that runs."""

    job: Job
    due: datetime | None
    waiting: int = 0


@dataclass(eq=False)
class Run:
    """A run that has begun, with a connection of its own, and how it stands."""

    id: int
    connection: psycopg.Connection
    outcome: tuple[str, str] = ("failed", "connection lost")

    def fileno(self) -> int:
        """Return what becomes readable when the server answers."""
        return self.connection.fileno()

    def has_ended(self) -> bool:
        """Read what the server says, each statement's result as it comes, and tell whether that was all."""
        answer = self.connection.pgconn
        try:
            answer.consume_input()
            while not answer.is_busy():
                result = answer.get_result()
                if result is None:
                    return True
                self.outcome = outcome(result)
                if result.status in _COPY:
                    return True
        except psycopg.OperationalError:
            self.outcome = ("failed", "connection lost")
            return True
        return False


class Scheduler:
    """Runs the jobs of the PostgreSQL in a folder, whenever that runs, until it is closed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="pg_cron", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; a statement that runs is left to the server."""
        self._closed.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._closed.wait(POLL_SECONDS):
            server = postgres.find(self._folder)
            # While a server is made, the database is made anew.
            if server is None or not postgres.kept(self._folder):
                continue
            try:
                with server.connect(postgres.SUPERUSER) as platform:
                    Launcher(server, platform).run(self._closed)
            except psycopg.OperationalError as error:
                _log.info("PostgreSQL starts or stops: %s", error)
            except psycopg.Error:
                # The extension was dropped at that moment, say.
                _log.exception("pg_cron begins anew")


class Launcher:
    """Starts what is due, as long as one connection to the server lasts."""

    def __init__(self, server: PostgresServer, platform: psycopg.Connection) -> None:
        self._server = server
        self._platform = platform
        self._tasks: dict[int, Task] = {}
        self._runs: dict[int, Run] = {}
        self._is_told = False

    def run(self, closed: threading.Event) -> None:
        """Start and follow runs until told otherwise, or until the connection ends."""
        self._platform.add_notify_handler(self._hear)
        self._platform.execute("set application_name = 'pg_cron scheduler'")
        self._platform.execute("listen pg_cron")
        try:
            self._begin()
            while not closed.is_set():
                ready = self._wait()
                for job_id, run in list(self._runs.items()):
                    if run in ready and run.has_ended():
                        self._end(self._runs.pop(job_id), *run.outcome)
                if self._is_told or self._platform in ready or self._seconds_until_due() == 0:
                    self._read_jobs()
                self._start_what_is_due()
        finally:
            for run in self._runs.values():
                run.connection.close()

    def _hear(self, _: psycopg.Notify) -> None:
        """Note that jobs have changed; any query may bring that, and then nothing is left to wait for."""
        self._is_told = True

    def _begin(self) -> None:
        """Give up the runs that the last stop has cut off, and start what is to run at each start."""
        if self._is_created():
            self._platform.execute(
                "update cron.job_run_details set status = 'failed', return_message = 'server restarted' "
                "where status in ('starting', 'running')"
            )
        self._read_jobs()
        for task in self._tasks.values():
            task.waiting = int(task.job.schedule.strip().lower() in _AT_START)

    def _is_created(self) -> bool:
        [(created,)] = self._platform.execute("select to_regclass('cron.job') is not null").fetchall()
        return bool(created)

    def _wait(self) -> list[Any]:
        """Wait until the server has something to say or a job is due; return the connections that have."""
        connections: list[psycopg.Connection | Run] = [self._platform, *self._runs.values()]
        with DefaultSelector() as selector:
            for connection in connections:
                selector.register(connection, EVENT_READ)
            seconds = 0 if self._is_told else self._seconds_until_due()
            return [key.fileobj for key, _ in selector.select(seconds)]

    def _seconds_until_due(self) -> float:
        now = datetime.now(UTC)
        dues = [(task.due - now).total_seconds() for task in self._tasks.values() if task.due]
        return max(0.0, min([POLL_SECONDS, *dues]))

    def _read_jobs(self) -> None:
        """Learn which jobs there are; a run whose job is not there any more is cut off."""
        now = datetime.now(UTC)
        before = self._tasks
        self._tasks = {job.id: self._task(job, before.get(job.id), now) for job in self._jobs()}
        for job_id in self._runs.keys() - self._tasks.keys():
            self._end(self._runs.pop(job_id), "failed", "job canceled")

    def _jobs(self) -> list[Job]:
        is_created = self._is_created()
        # What was told until here, the next query sees.
        self._is_told = False
        if not is_created:
            return []
        rows = self._platform.execute(
            "select jobid, schedule, command, database, username from cron.job where active order by jobid"
        )
        return [Job(*row) for row in rows]

    @staticmethod
    def _task(job: Job, known: Task | None, now: datetime) -> Task:
        if known and known.job.schedule == job.schedule:
            known.job = job
            return known
        return Task(job, next_run(job, now))

    def _start_what_is_due(self) -> None:
        now = datetime.now(UTC)
        for job_id, task in self._tasks.items():
            if task.due and task.due <= now:
                task.waiting += 1
                # Seconds are counted from the start of a run; until then no second one waits.
                task.due = None if _SECONDS.fullmatch(task.job.schedule) else next_run(task.job, now)
            if task.waiting and job_id not in self._runs and len(self._runs) < MAX_RUNNING:
                task.waiting -= 1
                task.due = task.due or next_run(task.job, now)
                self._start(task.job)

    def _start(self, job: Job) -> None:
        [(run_id,)] = self._platform.execute(
            "insert into cron.job_run_details (jobid, database, username, command, status) "
            "values (%s, %s, %s, %s, 'starting') returning runid",
            [job.id, job.database, job.username, job.command],
        ).fetchall()
        try:
            connection = psycopg.connect(
                host=str(self._server.data),
                port=self._server.port,
                dbname=job.database,
                user=job.username,
                application_name="pg_cron",
                connect_timeout=CONNECT_SECONDS,
                autocommit=True,
            )
        except psycopg.OperationalError as error:
            _log.warning("job %d of pg_cron cannot connect: %s", job.id, error)
            self._platform.execute(
                "update cron.job_run_details set status = 'failed', return_message = 'connection failed' "
                "where runid = %s",
                [run_id],
            )
            return
        self._platform.execute(
            "update cron.job_run_details set status = 'running', job_pid = %s, start_time = clock_timestamp() "
            "where runid = %s",
            [connection.info.backend_pid, run_id],
        )
        # By the simple protocol, as pg_cron: a CALL may commit, and several statements are one transaction.
        connection.pgconn.nonblocking = 0
        connection.pgconn.send_query(job.command.encode())
        self._runs[job.id] = Run(run_id, connection)

    def _end(self, run: Run, status: str, message: str) -> None:
        run.connection.close()
        self._platform.execute(
            "update cron.job_run_details set status = %s, return_message = %s, end_time = clock_timestamp() "
            "where runid = %s",
            [status, message, run.id],
        )


def next_run(job: Job, after: datetime) -> datetime | None:
    """Return when a schedule wants its next run, in GMT; None when never, as far as time tells."""
    schedule = job.schedule.strip().lower()
    if seconds := _SECONDS.fullmatch(schedule):
        return after + timedelta(seconds=int(seconds[1]))
    if schedule in _AT_START:
        return None
    fields = _SPECIAL.get(schedule, schedule).split()[:5]
    # The last day of a month has another sign there.
    crontab = " ".join("L" if field == "$" else field for field in fields)
    try:
        return next(CronSim(crontab, after), None)
    except CronSimError:
        _log.warning("invalid pg_cron schedule for job %d: %s", job.id, job.schedule)
        return None


def outcome(result: PGresult) -> tuple[str, str]:
    """Return the status and the message of a run by its last result, as pg_cron words them."""
    if result.status == ExecStatus.COMMAND_OK:
        return "succeeded", (result.command_status or b"").decode()
    if result.status in (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE):
        return "failed", result.error_message.decode()
    if result.status in _COPY:
        return "failed", "COPY not supported"
    return "succeeded", f"{result.ntuples} row{'' if result.ntuples == 1 else 's'}"
