-- Holds other sessions off while functions and tables change: calls that run are waited for, and
-- calls that begin wait. No call waits long for an upgrade that waits itself: after a second it
-- gives up, lets them pass, and tries again for a second more, up to five.
do $$
declare
    -- The table that a call reads first. Not s3vl.config too: calls hold the one and wait for the
    -- other in both orders.
    _table constant regclass := 's3vl.index_registry';
    _schema constant integer := 's3vl'::regnamespace::integer;
    _limit_ms constant integer := coalesce(
        nullif((select s.setting::integer from pg_settings as s where s.name = 'lock_timeout'), 0),
        30000
    );
    _give_up_at constant timestamptz :=
        clock_timestamp() + make_interval(secs => _limit_ms / 1000.0);
    _seconds integer := 0;
    _tried_at timestamptz;
    _holders text;
    _ends text;
begin
    loop
        _seconds := least(_seconds + 1, 5);
        _tried_at := clock_timestamp();
        begin
            perform set_config('lock_timeout', least(_limit_ms, _seconds * 1000) || 'ms', true);
            lock table s3vl.index_registry in access exclusive mode;
            -- What grant_access() and revoke_access() of 1.0.0 wait for. Not where somebody who has
            -- that waits for the table: it would be a deadlock. And no longer than PostgreSQL lets
            -- one be that comes meanwhile (deadlock_timeout is a second).
            if exists (
                select
                from pg_locks as h
                inner join pg_locks as w on w.pid = h.pid
                where h.locktype = 'advisory'
                    and h.classid = 'pg_namespace'::regclass
                    and h.objid = _schema
                    and not w.granted
                    and w.relation = _table
            ) then
                raise lock_not_available;
            end if;
            perform set_config('lock_timeout', '800ms', true);
            perform pg_advisory_xact_lock('pg_namespace'::regclass::integer, _schema);
            -- For what comes after it, such as a function whose rights somebody is changing.
            perform set_config('lock_timeout', '2s', true);
            return;
        exception
            when lock_not_available or deadlock_detected then
                null;
        end;
        exit when clock_timestamp() >= _give_up_at;
        perform pg_sleep(least(1, _limit_ms / 1000.0));
    end loop;

    select
        string_agg(
            concat_ws(
                ' ',
                coalesce('process ' || h.pid, 'a prepared transaction'),
                'of role ' || h.usename,
                '(' || nullif(concat_ws(', ', nullif(h.application_name, ''), h.state), '') || ')',
                'since ' || date_trunc('second', h.xact_start)
            ),
            '; '
            order by h.xact_start, h.pid
        ),
        string_agg(
            format('select pg_terminate_backend(%s);', h.pid), ' ' order by h.xact_start, h.pid
        )
    into _holders, _ends
    from (
        select distinct l.pid, a.usename, a.application_name, a.state, a.xact_start
        from pg_locks as l
        left join pg_stat_activity as a on a.pid = l.pid
        where l.granted
            and l.pid is distinct from pg_backend_pid()
            and l.database
            = (select d.oid from pg_database as d where d.datname = current_database())
            and (
                l.relation = _table
                or (
                    l.locktype = 'advisory'
                    and l.classid = 'pg_namespace'::regclass
                    and l.objid = _schema
                    and l.objsubid = 2
                )
            )
            -- Not those that come and go. (It is null where this role may not see it.)
            and (a.xact_start < _tried_at) is not false
        order by a.xact_start, l.pid
        limit 5
    ) as h;
    raise exception 'other sessions use s3vl, so that it could not be upgraded within % seconds',
        round(_limit_ms / 1000.0, 1)
        using errcode = 'lock_not_available',
        detail = concat_ws(' ', 'Nothing was changed.', 'In use by ' || _holders || '.'),
        hint = concat_ws(
            ' ',
            'Upgrade again when their transactions have ended; to let it wait for them, type: '
            'set lock_timeout = ''5min'';',
            'Or end them: ' || _ends
        );
end;
$$;
