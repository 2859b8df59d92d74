-- The checks of s3vl.diagnose() for each registered index.

create or replace function s3vl._compare_index(index s3vl.index_registry, started timestamptz)
    returns table (status text, detail text, hint text)
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _registered s3vl.index_registry := _compare_index.index;
    _index s3vl.index_registry := s3vl._ask_facts(_registered, _compare_index.started);
    _described_at timestamptz := _registered.described_at;
    _differ boolean;
begin
    _registered.described_at := _index.described_at;
    _differ := _index is distinct from _registered;
    return query
    select
        case when _differ then 'warn' else 'ok' end,
        concat_ws(
            ', ',
            s3vl._shown(_index.index_mode),
            _index.dimension || ' dimensions',
            s3vl._shown(_index.distance_metric),
            case when _differ then 'but the registry differs' end,
            'described ' || date_trunc('second', _described_at)
        ),
        case when _differ then s3vl._refresh_hint(_index) end;
end;
$$;

comment on function s3vl._compare_index(s3vl.index_registry, timestamptz) is
    'Asks S3 Vectors about an index, and compares the answer with what the registry remembers.';

create or replace function s3vl._reason_not_to_ask(
    lambda_answers boolean,
    started timestamptz,
    timeout_seconds integer
)
    returns table (detail text, hint text)
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select r.detail, r.hint
    from (
        values
        (not _reason_not_to_ask.lambda_answers,
            'not checked: the Lambda function does not answer',
            'See the check of the Lambda function.'),
        (clock_timestamp() >= _reason_not_to_ask.started
            + make_interval(secs => _reason_not_to_ask.timeout_seconds),
            format('not checked: %s seconds were over', _reason_not_to_ask.timeout_seconds),
            'Allow more time with timeout_seconds of s3vl.configure().')
    ) as r (applies, detail, hint)
    where r.applies
    limit 1
$$;

comment on function s3vl._reason_not_to_ask(boolean, timestamptz, integer) is
    'Says why it is no use to ask about one more index; no row when it is.';

create or replace function s3vl._check_index(
    index s3vl.index_registry,
    lambda_answers boolean,
    started timestamptz,
    timeout_seconds integer
)
    returns table (check_name text, status text, detail text, hint text)
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name text := format('index "%s"', _check_index.index.index_name);
    _reason record;
    _detail text;
    _hint text;
begin
    perform s3vl._check_active(_check_index.index);
    select r.*
    into _reason
    from s3vl._reason_not_to_ask(
        _check_index.lambda_answers, _check_index.started, _check_index.timeout_seconds
    ) as r;
    if found then
        return query select _name, 'warn', _reason.detail, _reason.hint;
        return;
    end if;
    return query
    select _name, c.status, c.detail, c.hint
    from s3vl._compare_index(_check_index.index, _check_index.started) as c;
exception
    when others then
        if not s3vl._is_call_failure(sqlstate) then
            raise;
        end if;
        get stacked diagnostics _detail = pg_exception_detail, _hint = pg_exception_hint;
        return query
        select
            _name,
            case when _check_index.index.is_active then 'fail' else 'warn' end,
            s3vl._with_detail(sqlerrm, _detail),
            _hint;
end;
$$;

comment on function s3vl._check_index(
    s3vl.index_registry, boolean, timestamptz, integer
) is
    'Asks S3 Vectors about a registered index, where that is of use.';

create or replace function s3vl._check_restrictions()
    returns table (check_name text, status text, detail text, hint text)
    stable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select
        format('restriction of index "%s" to role "%s"', r.index_name, r.role_name),
        'warn',
        case
            when s3vl._role_oid(r.role_name) is null then 'there is no role of this name'
            else 'the role of this name is another one than that which may use the index'
        end,
        format(
            'Restrict the index to the role that is meant, or take this back, with admin access: '
            'select s3vl.unrestrict_index(%L, %L);',
            r.index_name,
            r.role_name
        )
    from s3vl.list_restrictions() as r
    -- Nobody can use an index that has no name.
    where r.index_name is not null and not r.is_valid
    order by 1, r.role_name
$$;

comment on function s3vl._check_restrictions() is
    'Warns of each restriction whose role was dropped, renamed or never restored; no row without '
    'one.';
