-- Changes of s3vl take turns: a change first locks the table that it is about, until its
-- transaction ends. configure() locks s3vl.config; changes of indexes and of access lock
-- s3vl.index_registry. Only the owner may lock these tables, and who reads them does not wait.

create or replace function s3vl._raise_locked(waited_for text, holders integer[])
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = '55P03',
        message = format('another session is changing %s', _raise_locked.waited_for),
        detail = case
            when cardinality(_raise_locked.holders) > 0
                then format('Process %s.', array_to_string(_raise_locked.holders, ', '))
            else 'It may have ended meanwhile.'
        end,
        hint = format(
            'Let it commit or roll back, then try again. To see what it does: '
            'select * from pg_stat_activity where %s;',
            case when cardinality(_raise_locked.holders) > 0
                then format('pid in (%s)', array_to_string(_raise_locked.holders, ', '))
                else 'state = ''idle in transaction'''
            end
        );
end;
$$;

comment on function s3vl._raise_locked(text, integer[]) is
    'Raises 55P03, and says which sessions to look at.';

create or replace function s3vl._limit_waiting()
    returns text
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _before constant text := current_setting('lock_timeout');
begin
    -- Who has set a limit keeps it.
    if _before = '0' then
        perform set_config('lock_timeout', '5s', true);
    end if;
    return _before;
end;
$$;

comment on function s3vl._limit_waiting() is
    'Limits how long the next statements wait for a lock, and returns lock_timeout as it was, to '
    'be put back.';

create or replace function s3vl._lock_for_change(table_name regclass)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _lock_timeout constant text := s3vl._limit_waiting();
    _holders integer[];
begin
    execute format('lock table %s in exclusive mode', _lock_for_change.table_name);
    perform set_config('lock_timeout', _lock_timeout, true);
exception
    when lock_not_available then
        _holders := array(
            select distinct l.pid
            from pg_locks as l
            inner join pg_database as d on d.oid = l.database
            where d.datname = current_database()
                and l.relation = _lock_for_change.table_name
                and l.granted
                and l.mode <> 'AccessShareLock'
                and l.pid is not null
            order by l.pid
        );
        perform s3vl._raise_locked(_lock_for_change.table_name::text, _holders);
end;
$$;

comment on function s3vl._lock_for_change(regclass) is
    'Waits until no other session changes a table, for 5 seconds or lock_timeout, and lets none do '
    'so before the end of this transaction.';

create or replace function s3vl._check_writable(what text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if current_setting('transaction_read_only')::boolean then
        raise exception using
            errcode = '25006',
            message = format('cannot save %s in a read-only transaction', _check_writable.what),
            hint = 'Connect to the writer, and end the read-only transaction.';
    end if;
end;
$$;

comment on function s3vl._check_writable(text) is
    'Refuses a change before a call is paid for, where nothing can be saved.';
