-- Checks of what a role is to be restricted to. 22023 like base/_arguments.sql.

create or replace function s3vl._operand_problem(operand jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when s3vl._json_bytes(_operand_problem.operand) > 10000 then 'more than 10,000 bytes'
        when jsonb_path_exists(
            _operand_problem.operand,
            'strict $ ? (@.type() == "string" || @.type() == "boolean" || @.type() == "number"
                && @ <= 1.7976931348623158e308 && @ >= -1.7976931348623158e308)'
        )
            then null
        else s3vl._shown_json(_operand_problem.operand)
    end
$$;

comment on function s3vl._operand_problem(jsonb) is
    'Shows what is no text, number or boolean to compare metadata with; null for what is one.';

create or replace function s3vl._condition_problem(condition jsonb)
    returns text
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _condition constant jsonb := _condition_problem.condition;
begin
    if jsonb_typeof(_condition) <> 'object' then
        return s3vl._operand_problem(_condition);
    elsif _condition = jsonb_build_object('$eq', _condition -> '$eq') then
        return s3vl._operand_problem(_condition -> '$eq');
    elsif _condition = jsonb_build_object('$in', _condition -> '$in')
        and jsonb_typeof(_condition -> '$in') = 'array'
        and jsonb_array_length(_condition -> '$in') between 1 and 20
    then
        return (
            select min(p.problem)
            from jsonb_array_elements(_condition -> '$in') as o (operand)
            cross join lateral s3vl._operand_problem(o.operand) as p (problem)
        );
    end if;
    return s3vl._shown_json(_condition);
end;
$$;

comment on function s3vl._condition_problem(jsonb) is
    'Shows what is wrong with what a restriction asks of a key; null for nothing.';

create or replace function s3vl._check_restriction_keys(
    argument text,
    keys text[],
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _key text;
    _problem text;
begin
    foreach _key in array _check_restriction_keys.keys loop
        _problem := case
            when char_length(_key) not between 1 and 63
                then 'must be 1 to 63 characters long'
            when _key like '$%' then 'is an operator, where a metadata key is asked'
            when _key = any(_check_restriction_keys.index.non_filterable_keys) then format(
                'is not filterable in index "%s"', _check_restriction_keys.index.index_name
            )
        end;
        if _problem is not null then
            raise exception using
                errcode = '22023',
                message = format(
                    '%s: key "%s" %s',
                    _check_restriction_keys.argument,
                    s3vl._shown(_key),
                    _problem
                ),
                detail = s3vl._facts_origin(_check_restriction_keys.index),
                hint = 'Restrict to keys that all vectors have as filterable metadata, or use an '
                    'index per tenant, without metadata_filter.';
        end if;
    end loop;
end;
$$;

comment on function s3vl._check_restriction_keys(text, text[], s3vl.index_registry) is
    'Refuses keys that a restriction cannot use.';

create or replace function s3vl._restriction_filter(
    metadata_filter jsonb,
    index s3vl.index_registry
)
    returns jsonb
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _filter constant jsonb := _restriction_filter.metadata_filter;
    _example constant text :=
        'Pass keys with a value, $eq or $in, at most 10 keys and 20 values of each, for example '
        'metadata_filter => ''{"tenant": "acme", "lang": {"$in": ["de", "fr"]}}''; leave it out '
        'for the whole index.';
    _keys text[];
    _bad text;
begin
    if jsonb_typeof(_filter) <> 'object' or _filter = '{}' then
        _bad := format(' must be an object of keys, got %s', s3vl._shown_json(_filter));
    else
        perform s3vl._check_size('metadata_filter', _filter, 10000, _example);
        _keys := array(select k.key from jsonb_object_keys(_filter) as k (key));
        perform s3vl._check_restriction_keys(
            'metadata_filter', _keys, _restriction_filter.index
        );
        _bad := case
            when cardinality(_keys) > 10 then format(' has %s keys', cardinality(_keys))
            else (
                select min(format('.%s must be a value, $eq or $in, got %s', f.key, p.problem))
                from jsonb_each(_filter) as f
                cross join lateral s3vl._condition_problem(f.value) as p (problem)
                where p.problem is not null
            )
        end;
    end if;
    if _bad is not null then
        raise exception using
            errcode = '22023', message = 'metadata_filter' || _bad, hint = _example;
    end if;
    return (
        select jsonb_object_agg(
            f.key,
            case jsonb_typeof(f.value)
                when 'object' then f.value
                else jsonb_build_object('$eq', f.value)
            end
        )
        from jsonb_each(_filter) as f
    );
end;
$$;

comment on function s3vl._restriction_filter(jsonb, s3vl.index_registry) is
    'Returns a filter as restrictions keep it, each key with its operator; refuses what is more '
    'than $eq and $in.';

create or replace function s3vl._check_tenant(
    tenant_key text,
    tenant_setting text,
    metadata_filter jsonb,
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _key constant text := _check_tenant.tenant_key;
    _setting constant text := _check_tenant.tenant_setting;
    _problem text;
begin
    if num_nulls(_key, _setting) = 2 then
        return;
    end if;
    _problem := case
        when _key is null then 'tenant_setting is given without tenant_key'
        when _setting is null then 'tenant_key is given without tenant_setting'
        when _check_tenant.metadata_filter ? _key
            then format('tenant_key "%s" is in metadata_filter too', s3vl._shown(_key))
        -- PostgreSQL's own settings have no dot.
        when left(_setting, 100) !~ '^[A-Za-z_][A-Za-z0-9_]*([.][A-Za-z_][A-Za-z0-9_]*)+$'
            or octet_length(_setting) > 63
            then format(
                'tenant_setting must be a setting of your own, got "%s"', s3vl._shown(_setting)
            )
    end;
    if _problem is not null then
        raise exception using
            errcode = '22023',
            message = _problem,
            hint = 'Pass both, for example tenant_key => ''tenant'', '
                'tenant_setting => ''app.tenant''.';
    end if;
    perform s3vl._check_restriction_keys('tenant_key', array[_key], _check_tenant.index);
end;
$$;

comment on function s3vl._check_tenant(text, text, jsonb, s3vl.index_registry) is
    'Refuses a tenant whose key or setting could not be used, and one without the other.';
