-- Noting what changes in bound tables, inside of the application's own statements: one INSERT, and
-- nothing that waits, or that fails while the table can be changed at all. Most statements change
-- one row, for which a join of old and new rows is not worth its plan.

create or replace function s3vl._is_captured(
    binding_id integer,
    relation oid,
    level text,
    arguments text[]
)
    returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- The table says whose trigger it is: anybody may give one on their own table any argument.
    if _is_captured.binding_id is not null and not exists (
        select
        from s3vl.binding as b
        where b.binding_id = _is_captured.binding_id and (
            b.source = _is_captured.relation
            or _is_captured.level = 'ROW' and b.source in (
                select a.relid from pg_partition_ancestors(_is_captured.relation) as a
            )
        )
    ) then
        return false;
    end if;
    if current_setting('transaction_isolation') <> 'read committed' then
        perform s3vl._note_late_change(_is_captured.binding_id, _is_captured.arguments);
    end if;
    return _is_captured.binding_id is not null;
end;
$$;

comment on function s3vl._is_captured(integer, oid, text, text[]) is
    'Returns whether there is something to note for the binding that a trigger has found: in a '
    'partition, and in a transaction with a snapshot of its own.';

create or replace function s3vl._note_changes()
    returns trigger
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding record;
    _before record;
    _after record;
    _vector text;
    _key text;
begin
    -- One query for all of it: PL/pgSQL prepares each expression again in each transaction.
    select
        b.binding_id,
        b.row_query,
        b.embedding_column,
        case tg_level when 'ROW' then '(select ($1).*) as r' else 's3vl_old' end as old_rows,
        case tg_level when 'ROW' then '(select ($1).*) as r' else 's3vl_new' end as new_rows,
        b.source = tg_relid and current_setting('transaction_isolation') = 'read committed'
            as is_captured
    into _binding
    from s3vl.binding as b
    where b.binding_name = tg_argv[0] collate "C" and not b.is_ending;
    if _binding.is_captured is not true then
        -- An expression by itself, since a condition prepares all of its functions.
        if not s3vl._is_captured(_binding.binding_id, tg_relid, tg_level, tg_argv) then
            return null;
        end if;
    end if;
    begin
        if tg_op = 'UPDATE' then
            execute _binding.row_query || _binding.old_rows into strict _before using old;
            execute _binding.row_query || _binding.new_rows into strict _after using new;
            _key := _after.key;
            if _before.key <> _key then
                insert into s3vl.outbox (binding_id, key) values (_binding.binding_id, _before.key);
            elsif _before operator(pg_catalog.*=) _after then
                -- The vector by itself, since a record is copied to be compared, with all of it.
                _vector := format('select %I from ', _binding.embedding_column);
                execute _vector || _binding.old_rows into _before using old;
                execute _vector || _binding.new_rows into _after using new;
                if _before operator(pg_catalog.*=) _after then
                    return null;
                end if;
            end if;
        elsif tg_op = 'INSERT' then
            execute _binding.row_query || _binding.new_rows into strict _after using new;
            _key := _after.key;
        elsif tg_op = 'DELETE' then
            execute _binding.row_query || _binding.old_rows into strict _before using old;
            _key := _before.key;
        end if;
    exception
        when no_data_found then
            return null;
        when too_many_rows or undefined_column then
            execute s3vl._note_changed_keys(_binding.binding_id, tg_relid, tg_op, tg_level)
            using old, new;
            return null;
    end;
    -- After TRUNCATE there is none.
    insert into s3vl.outbox (binding_id, key) values (_binding.binding_id, _key);
    return null;
end;
$$;

comment on function s3vl._note_changes() is
    'Notes in the outbox which rows a statement has changed. Trigger of every bound table.';
