-- A stand-in for pg_cron 1.6: its tables, its functions and its error texts. The server of the local cloud runs the
-- jobs (local/s3vl_local/cron.py). What is documented and what is assumed stands in docs/local-stack.md.
\echo Use "CREATE EXTENSION pg_cron" to load this file. \quit

do $$
begin
    if current_database() <> 'postgres' then
        raise exception 'can only create extension in database postgres'
            using
                detail = 'Jobs must be scheduled from the database configured in cron.database_name, '
                'since the pg_cron background worker reads job descriptions from this database.',
                hint = 'From there, schedule_in_database schedules jobs in other databases.';
    end if;
end;
$$;

create schema cron;

create sequence cron.jobid_seq;
create table cron.job (
    jobid bigint primary key default nextval('cron.jobid_seq'),
    schedule text not null,
    command text not null,
    nodename text not null default 'localhost',
    nodeport integer not null default inet_server_port(),
    database text not null default current_database(),
    username text not null default current_user,
    active boolean not null default true,
    jobname text,
    constraint jobname_username_uniq unique (jobname, username)
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);

create sequence cron.runid_seq;
create table cron.job_run_details (
    jobid bigint,
    runid bigint primary key default nextval('cron.runid_seq'),
    job_pid integer,
    database text,
    username text,
    command text,
    status text,
    return_message text,
    start_time timestamptz,
    end_time timestamptz
);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);

select pg_catalog.pg_extension_config_dump('cron.job', '');
select pg_catalog.pg_extension_config_dump('cron.jobid_seq', '');
select pg_catalog.pg_extension_config_dump('cron.job_run_details', '');
select pg_catalog.pg_extension_config_dump('cron.runid_seq', '');

-- The real functions are C, and write as the extension's owner in the name of the true current user. Here they write
-- as the caller, because only that is a current user that nobody can forge: the policies decide whose jobs.
grant select, insert, update, delete on cron.job to public;
grant usage on sequence cron.jobid_seq to public;
grant select on cron.job_run_details to public;
grant usage on schema cron to rds_superuser with grant option;
-- Old runs are for the master user to delete.
grant delete on cron.job_run_details to rds_superuser;

create function cron.job_cache_invalidate()
    returns trigger
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- The scheduler listens.
    perform pg_notify('pg_cron', '');
    return null;
end;
$$;

create trigger cron_job_cache_invalidate
    after insert or update or delete or truncate on cron.job
    for each statement execute function cron.job_cache_invalidate();

create function cron._check_schedule(schedule text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _numbers constant text[] := array[
        '[1-5]?\d', '(1?\d|2[0-3])', '([1-9]|[12]\d|3[01])', '([1-9]|1[0-2])', '[0-7]'
    ];
    _names constant text[] := array[
        null, null, null, 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec', 'sun|mon|tue|wed|thu|fri|sat'
    ];
    _crontab text;
begin
    -- Each field is a list of *, a number or a name, or a range; a step follows * or a range. Days of a month know $,
    -- the last. What follows the fifth field is not read.
    select string_agg(
        format('(%1$s)(,(%1$s))*', format('\*(/0*[1-9]\d*)?|(%1$s)(-(%1$s)(/0*[1-9]\d*)?)?%2$s',
            concat_ws('|', '0*' || t.number, t.names), case t.place when 3 then '|\$' end)),
        '[ \t]+' order by t.place
    )
    into _crontab
    from unnest(_numbers, _names) with ordinality as t (number, names, place);
    if
        schedule ~* '^\s*0*([1-9]|[1-5]\d)\s*seconds?\s*$'
        or schedule ~* '^\s*@(reboot|restart|yearly|annually|monthly|weekly|daily|midnight|hourly)\s*$'
        or schedule ~* ('^[ \t]*' || _crontab || '([ \t].*)?$')
    then
        return;
    end if;
    raise exception 'invalid schedule: %', schedule
        using
            errcode = 'invalid_parameter_value',
            hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
end;
$$;

-- Tell whether the current user is a superuser, who alone may schedule in the name of others.
create function cron._is_superuser()
    returns boolean
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select r.rolsuper from pg_roles as r where r.rolname = current_user
$$;

create function cron._check_role(username text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _can_login boolean := (select r.rolcanlogin from pg_roles as r where r.rolname = username);
begin
    if _can_login is null then
        raise exception 'role "%" does not exist', username using errcode = 'internal_error';
    elsif not _can_login then
        raise exception 'role "%" can not log in', username
            using
                errcode = 'internal_error',
                detail = 'Jobs may only be run by roles that have the LOGIN attribute.';
    end if;
end;
$$;

create function cron._check_connect(username text, database text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not has_database_privilege(username, database, 'connect') then
        raise exception 'User % does not have CONNECT privilege on %', username, database
            using errcode = 'internal_error';
    end if;
end;
$$;

create function cron._schedule(
    job_name text, schedule text, command text, database text, username text, active boolean
)
    returns bigint
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _job_id bigint;
begin
    if schedule is null or command is null then
        raise exception '% can not be NULL', case when schedule is null then 'schedule' else 'command' end
            using errcode = 'internal_error';
    end if;
    perform cron._check_schedule(schedule);
    if username is not null then
        if not cron._is_superuser() then
            raise exception 'must be superuser to create a job for another role'
                using errcode = 'internal_error';
        end if;
        perform cron._check_role(username);
    end if;
    username := coalesce(username, current_user);
    database := coalesce(database, current_database());
    perform cron._check_connect(username, database);
    insert into cron.job as j (schedule, command, nodeport, database, username, active, jobname)
    values (
        _schedule.schedule, _schedule.command, current_setting('port')::integer,
        _schedule.database, _schedule.username, coalesce(_schedule.active, true), _schedule.job_name
    )
    on conflict on constraint jobname_username_uniq
    do update set schedule = excluded.schedule, command = excluded.command, database = excluded.database
    returning j.jobid into _job_id;
    return _job_id;
end;
$$;

create function cron._check_name(job_name text)
    returns text
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if job_name is null then
        raise exception 'job_name can not be NULL' using errcode = 'internal_error';
    end if;
    return job_name;
end;
$$;

create function cron.schedule(schedule text, command text)
    returns bigint
    language sql
    strict
    set search_path = pg_catalog, pg_temp
as $$
    select cron._schedule(null, $1, $2, null, null, true)
$$;

comment on function cron.schedule(text, text) is 'schedule a pg_cron job';

create function cron.schedule(job_name text, schedule text, command text)
    returns bigint
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select cron._schedule(cron._check_name($1), $2, $3, null, null, true)
$$;

comment on function cron.schedule(text, text, text) is 'schedule a pg_cron job';

create function cron.schedule_in_database(
    job_name text,
    schedule text,
    command text,
    database text,
    username text default null,
    active boolean default true
)
    returns bigint
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select cron._schedule(cron._check_name($1), $2, $3, $4, $5, $6)
$$;

comment on function cron.schedule_in_database(text, text, text, text, text, boolean) is 'schedule a pg_cron job';

-- As the real one, unschedule tells that there is a job of somebody else's, and no more.
create function cron._is_job(job_id bigint)
    returns boolean
    language sql
    security definer
    set search_path = pg_catalog, pg_temp
as $$
    select exists (select from cron.job as j where j.jobid = job_id)
$$;

create function cron.unschedule(job_id bigint)
    returns boolean
    language plpgsql
    strict
    set search_path = pg_catalog, pg_temp
as $$
begin
    if cron._is_job(job_id) then
        delete from cron.job as j where j.jobid = job_id;
        if not found then
            raise exception 'permission denied for table job' using errcode = 'insufficient_privilege';
        end if;
    else
        raise exception 'could not find valid entry for job %', job_id using errcode = 'internal_error';
    end if;
    return true;
end;
$$;

comment on function cron.unschedule(bigint) is 'unschedule a pg_cron job';

create function cron.unschedule(job_name text)
    returns boolean
    language plpgsql
    strict
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from cron.job as j where j.jobname = job_name and j.username = current_user;
    if not found then
        raise exception 'could not find valid entry for job ''%''', job_name using errcode = 'internal_error';
    end if;
    return true;
end;
$$;

comment on function cron.unschedule(text) is 'unschedule a pg_cron job';

create function cron.alter_job(
    job_id bigint,
    schedule text default null,
    command text default null,
    database text default null,
    username text default null,
    active boolean default null
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if job_id is null then
        raise exception 'job_id can not be NULL' using errcode = 'internal_error';
    end if;
    if username is not null then
        if not cron._is_superuser() then
            raise exception 'must be superuser to alter username' using errcode = 'internal_error';
        end if;
        perform cron._check_role(username);
    end if;
    if database is not null then
        perform cron._check_connect(coalesce(username, current_user), database);
    end if;
    if schedule is not null then
        perform cron._check_schedule(schedule);
    end if;
    if num_nonnulls(schedule, command, database, username, active) = 0 then
        raise exception 'no updates specified'
            using
                errcode = 'internal_error',
                hint = 'You must specify at least one job attribute to change when calling alter_job';
    end if;
    update cron.job as j
    set
        schedule = coalesce(alter_job.schedule, j.schedule),
        command = coalesce(alter_job.command, j.command),
        database = coalesce(alter_job.database, j.database),
        username = coalesce(alter_job.username, j.username),
        active = coalesce(alter_job.active, j.active)
    where j.jobid = alter_job.job_id;
    if not found then
        raise exception 'Job % does not exist or you don''t own it', job_id using errcode = 'internal_error';
    end if;
end;
$$;

comment on function cron.alter_job(bigint, text, text, text, text, boolean) is
    'Alter the job identified by job_id. Any option left as NULL will not be modified.';

-- On Amazon RDS nobody has these two until the master user grants them, as their owner can.
alter function cron.schedule_in_database(text, text, text, text, text, boolean) owner to rds_superuser;
alter function cron.alter_job(bigint, text, text, text, text, boolean) owner to rds_superuser;
revoke all on function cron.schedule_in_database(text, text, text, text, text, boolean) from public, rds_superuser;
revoke all on function cron.alter_job(bigint, text, text, text, text, boolean) from public, rds_superuser;
