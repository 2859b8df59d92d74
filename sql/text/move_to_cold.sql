-- Moving rows to the cold tier: an embedding becomes null where the index has the same. It runs as
-- its caller, who may update the table, and commits page by page.
--
-- A row is locked as it is compared with what the index has, while nobody else writes vectors of
-- the binding, and only then its embedding is set null. The binding keeps the vector of a row whose
-- embedding is null, so no embedding is lost. A row that another session has locked is left as it
-- is: who never waits for a row is in no deadlock.

create or replace procedure s3vl.move_to_cold(
    in binding_name text,
    in older_than text,
    in batch integer default 1000,
    inout moved bigint default 0
)
    language plpgsql
as $$
declare
    _steps pg_catalog.record;
    _now pg_catalog.record;
    _gate pg_catalog.refcursor;
    _since pg_catalog.timestamptz;
    _keys pg_catalog.text[];
    _after pg_catalog.text;
    _count pg_catalog.int4;
    _others pg_catalog.int4;
    _seen pg_catalog.int8 := 0::pg_catalog.int8;
begin
    call s3vl._commit_alone('s3vl.move_to_cold()');
    moved := 0;
    select s.* into _steps from s3vl._cold_steps(binding_name, older_than, batch) as s;
    -- A condition that ends the parentheses around it is refused here. It is not read.
    open _gate for execute _steps.condition;
    close _gate;
    loop
        commit;
        set transaction isolation level read committed;
        execute _steps.page into _keys using _after, batch;
        _after := _keys[pg_catalog.cardinality(_keys)];
        exit when _after is null;
        _seen := _seen operator(pg_catalog.+) pg_catalog.cardinality(_keys);
        _since := pg_catalog.clock_timestamp();
        loop
            commit;
            set transaction isolation level read committed;
            -- The lock on the table comes first, as where a binding is altered.
            execute _steps.lock using _keys;
            exit when s3vl._hold_binding(binding_name, _since);
            perform pg_catalog.pg_sleep(0.1);
        end loop;
        execute _steps.claim into _keys using _keys;
        -- Counted as triggers have left the rows.
        execute _steps.move into _count, _others using _keys;
        if _others operator(pg_catalog.>) 0 then
            raise exception using
                errcode = '55000',
                message = 'a trigger of the table changes the key of a row when it is updated',
                hint = 'Its vector has the old key as its id, and would be lost.';
        end if;
        -- The table is locked, so that nobody binds it or alters a binding before the end.
        select s.* into _now from s3vl._cold_steps(binding_name, older_than, batch) as s;
        if _now operator(pg_catalog.<>) _steps then
            raise exception using
                errcode = '55000',
                message = 'the binding was changed while rows were moved',
                hint = 'Call s3vl.move_to_cold() again: it goes on where it was.';
        end if;
        moved := moved operator(pg_catalog.+) _count;
    end loop;
    if _seen operator(pg_catalog.>) moved then
        raise notice using
            message = pg_catalog.format('moved %s of %s rows', moved, _seen),
            hint = 'The others were locked, or the index does not have their vectors: call '
                's3vl.sync(), then s3vl.move_to_cold() again. s3vl.dead_letters() lists what the '
                'index refuses. Row security, a trigger or a restriction can keep rows as well.';
    end if;
end;
$$;

comment on procedure s3vl.move_to_cold is
    'Moves rows to the cold tier. It sets the embedding null of rows of a bound table that meet '
    'older_than, a condition on its columns, once the index has the same vector (GetVectors, '
    'compared as 4-byte floats). s3vl.query_tiered() then finds them there. The rows stay, and '
    'the binding, which has to be one of when_null => ''keep'', goes on to bring their metadata '
    'up to date. It works on batch rows (1 to 10000) at a time and commits after each: called '
    'again it goes on. It never waits for a row: one that another session has locked keeps its '
    'embedding until the next call, as does one whose vector the index does not have, or that row '
    'security or a trigger keeps as it is. If there are such rows, a NOTICE says how many were '
    'moved of how many; moved has the number as well. Call it by itself, with autocommit on, as '
    'who may update the table. Raises 22023, 25001 inside of a transaction, 42501, 42704, 42804, '
    '55000, 55P03 when the binding is never free, and S3V01 to S3V06.';
