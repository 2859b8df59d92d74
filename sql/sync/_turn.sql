-- One turn: some keys of one binding, read, sent and settled.

create or replace function s3vl._send_rows(
    binding s3vl.binding,
    index s3vl.index_registry,
    records s3vl.vector_record[],
    kept s3vl.vector_record[],
    gone text[],
    doubts text[],
    started timestamptz,
    ends_at timestamptz,
    deadline timestamptz,
    out unsent text[],
    out waiting text[],
    out refused text[],
    out problems text[]
)
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- Plans made for one array alone have a copy of it in them.
    set plan_cache_mode = force_generic_plan
as $$
declare
    _key_at constant integer := length(_send_rows.binding.id_prefix) + 1;
    _put record;
    _kept record;
begin
    perform s3vl._check_facts_behind(
        _send_rows.doubts, _send_rows.index, _send_rows.started
    );
    select
        coalesce(array_agg(p.key) filter (where p.problem is null), '{}') as unsent,
        coalesce(array_agg(p.key) filter (where p.problem <> ''), '{}') as refused,
        coalesce(array_agg(p.problem) filter (where p.problem <> ''), '{}') as problems
    into _put
    from (
        select substr(p.vector_id, _key_at) as key, p.problem
        from s3vl._put_all(
            _send_rows.records, _send_rows.index, _send_rows.started, _send_rows.ends_at,
            _send_rows.deadline
        ) as p
    ) as p;
    select
        coalesce(array_agg(p.key) filter (where p.problem is null), '{}') as missing,
        coalesce(array_agg(p.key) filter (where p.problem <> ''), '{}') as refused,
        coalesce(array_agg(p.problem) filter (where p.problem <> ''), '{}') as problems
    into _kept
    from (
        select substr(p.vector_id, _key_at) as key, p.problem
        from s3vl._put_metadata(
            _send_rows.kept, _send_rows.index, _send_rows.started, _send_rows.deadline
        ) as p
    ) as p;
    perform s3vl._count_puts(
        _send_rows.binding, _send_rows.index, _send_rows.records,
        cardinality(_put.unsent) + cardinality(_put.refused)
    );
    perform s3vl._count_puts(
        _send_rows.binding, _send_rows.index, _send_rows.kept,
        cardinality(_kept.missing) + cardinality(_kept.refused)
    );
    _send_rows.unsent := _put.unsent;
    _send_rows.waiting := _kept.missing;
    _send_rows.refused := _put.refused || _kept.refused;
    _send_rows.problems := _put.problems || _kept.problems;
    if cardinality(_send_rows.gone) > 0 then
        perform s3vl._delete_ids(
            _send_rows.gone, _send_rows.index.index_arn, _send_rows.started,
            s3vl._epoch_ms(_send_rows.deadline), null
        );
        perform s3vl._count_deletes(_send_rows.binding, cardinality(_send_rows.gone));
    end if;
end;
$$;

comment on function s3vl._send_rows(
    s3vl.binding, s3vl.index_registry, s3vl.vector_record[], s3vl.vector_record[], text[], text[],
    timestamptz, timestamptz, timestamptz
) is
    'Sends what was gathered, and returns the keys of what there was no time for, of what waits '
    'for a vector, and of what was refused.';

create or replace function s3vl._due_again(binding_id integer, room integer)
    returns text[]
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select array(
        select f.key
        from s3vl.sync_failure as f
        where f.binding_id = _due_again.binding_id and f.next_attempt_at <= clock_timestamp()
        order by f.next_attempt_at
        limit greatest(0, _due_again.room)
    )
$$;

comment on function s3vl._due_again(integer, integer) is
    'Returns keys that failed, and are to be tried again now.';

create or replace function s3vl._turn(
    binding s3vl.binding,
    index s3vl.index_registry,
    state s3vl.sync_state,
    job s3vl.sync_job,
    started timestamptz,
    ends_at timestamptz,
    deadline timestamptz,
    out synced integer,
    out has_room boolean
)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := _turn.binding;
    _index constant s3vl.index_registry := _turn.index;
    _room constant integer := s3vl._turn_size(_index.dimension, _turn.state.failures);
    _is_filling constant boolean := _turn.job.kind is not distinct from 'backfill';
    _marks record;
    _keys text[];
    _fill_count integer;
    _rows record;
    _sent record;
begin
    _turn.synced := 0;
    select m.* into _marks from s3vl._marks(_binding.binding_id, _room) as m;
    _keys := _marks.keys || s3vl._due_again(_binding.binding_id, _room - cardinality(_marks.keys));
    _turn.has_room := cardinality(_keys) < _room;
    _fill_count := case when _is_filling then greatest(0, _room - cardinality(_keys)) else 0 end;
    -- Assigned and not selected, which would write megabytes of rows to a file.
    _rows := s3vl._gather(_binding, _index, _keys, _turn.job.last_key, _fill_count);
    _sent := s3vl._send_rows(
        _binding, _index, _rows.records, _rows.kept, _rows.gone, _rows.problems, _turn.started,
        _turn.ends_at, _turn.deadline
    );
    if not s3vl._is_mine(_binding, _turn.state.lease) then
        return;
    end if;
    perform s3vl._forget_marks(
        _binding.binding_id, _marks.changes, _marks.noted_ats, _marks.change_keys, _sent.unsent
    );
    _keys := array(select unnest(_rows.keys) except select unnest(_sent.unsent));
    perform s3vl._settle_keys(
        _binding.binding_id, _keys, _marks.keys, _rows.waiting || _sent.waiting,
        _rows.refused || _sent.refused
    );
    perform s3vl._settle_refused(_binding.binding_id, _rows.refused, _rows.problems, true);
    perform s3vl._settle_refused(_binding.binding_id, _sent.refused, _sent.problems, false);
    if _fill_count > 0 then
        perform s3vl._settle_page(
            _turn.job, _turn.state.last_turn_at, _rows.page,
            cardinality(_rows.page) < _fill_count, _sent.unsent
        );
    end if;
    if _marks.is_truncated then
        perform s3vl._owe_verify(_binding.binding_id);
    end if;
    _turn.synced := cardinality(_rows.records) + cardinality(_rows.kept) + cardinality(_rows.gone)
        - cardinality(_sent.unsent) - cardinality(_sent.waiting) - cardinality(_sent.refused);
end;
$$;

comment on function s3vl._turn(
    s3vl.binding, s3vl.index_registry, s3vl.sync_state, s3vl.sync_job, timestamptz, timestamptz,
    timestamptz
) is
    'Sends some keys of a binding, and says how many vectors were written or deleted, and whether '
    'those were all of the changes.';
