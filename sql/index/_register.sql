-- Putting an index into the registry, with what S3 Vectors says about it.

create or replace function s3vl._register(
    index_name text,
    index_arn text,
    description text,
    started timestamptz
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
    _problem text;
    _detail text;
    _hint text;
begin
    _index.index_arn := _register.index_arn;
    -- Asked before anything is locked: deactivate_index() is not to wait for an answer.
    begin
        _index := s3vl._ask_facts(_index, _register.started);
    exception
        when others then
            if not s3vl._is_call_failure(sqlstate) then
                raise;
            end if;
            get stacked diagnostics _detail = pg_exception_detail, _hint = pg_exception_hint;
            _problem := case sqlstate
                when 'S3V06' then 'S3 Vectors does not have it'
                else 'S3 Vectors could not be queried about it'
            end;
            _detail := s3vl._with_detail(sqlerrm, _detail);
    end;
    perform s3vl._lock_for_change('s3vl.index_registry');
    perform s3vl._hand_on_restrictions(r.index_arn, _register.index_arn)
    from s3vl.index_registry as r
    where r.index_name = _register.index_name and r.index_arn <> _register.index_arn;
    -- Nothing that was known about the index before may outlive the new ARN.
    perform s3vl._forget(
        array(
            select r.index_name
            from s3vl.index_registry as r
            where r.index_name = _register.index_name and r.index_arn <> _register.index_arn
        )
    );
    insert into s3vl.index_registry as r (index_name, index_arn, description)
    values (_register.index_name, _register.index_arn, _register.description)
    on conflict on constraint index_registry_pkey do update
    set description = coalesce(excluded.description, r.description),
        is_active = true,
        updated_at = excluded.updated_at;
    if _problem is null then
        perform s3vl._remember_facts(_index);
    else
        perform s3vl._warn(
            format('index "%s" is registered, but %s', _register.index_name, _problem),
            _detail,
            rtrim(_hint, '.;') || '; then register it again, so that s3vl knows its dimension '
            'and mode and checks them before a call.'
        );
    end if;
end;
$$;

comment on function s3vl._register(text, text, text, timestamptz) is
    'Saves the name of an index and what S3 Vectors says about it, with a warning when it could '
    'not be asked.';
