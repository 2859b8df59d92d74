-- The statements that move rows to the cold tier, and which bindings can do without an embedding.

create or replace function s3vl._check_cold(binding s3vl.binding)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _other constant text := (
        select b.binding_name
        from s3vl.binding as b
        where b.source = _check_cold.binding.source
            and b.embedding_column = _check_cold.binding.embedding_column
            and b.binding_id <> _check_cold.binding.binding_id
        order by b.binding_name
        limit 1
    );
begin
    if _check_cold.binding.is_ending then
        perform s3vl._raise_tier(
            _check_cold.binding,
            '55000',
            'its binding is ending, and its vectors are being deleted',
            'When they are, bind the table again with s3vl.bind_table().'
        );
    elsif _check_cold.binding.when_null <> 'keep' then
        perform s3vl._raise_tier(
            _check_cold.binding,
            '55000',
            'its binding deletes the vector of a row whose embedding is null',
            format(
                'Keep it: select s3vl.alter_binding(%L, when_null => ''keep'');',
                _check_cold.binding.binding_name
            )
        );
    elsif _other is not null then
        perform s3vl._raise_tier(
            _check_cold.binding,
            '55000',
            format('binding "%s" sends it too', _other),
            format(
                'Another index may not have the vector yet. End that binding first: '
                'select s3vl.unbind_table(%L);',
                _other
            )
        );
    end if;
end;
$$;

comment on function s3vl._check_cold(s3vl.binding) is
    'Refuses a binding that does not keep the vectors of rows whose embedding is null.';

create or replace function s3vl._check_older_than(older_than text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(btrim(_check_older_than.older_than, E' \t\r\n'), '') = '' then
        raise exception using
            errcode = '22023',
            message = 'older_than is null or empty',
            hint = 'Pass a condition on columns of the table, for example '
                'older_than => ''created_at < current_date - 90''.';
    end if;
end;
$$;

comment on function s3vl._check_older_than(text) is
    'Refuses to move rows without a condition.';

-- Rows are locked when their vectors have come, so that nobody waits for that, and as an UPDATE
-- locks them that changes no key: rows that foreign keys refer to are not left out.
create or replace function s3vl._claim_query(binding s3vl.binding, condition text)
    returns text
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return format(
        'select array(select t.%2$I::pg_catalog.text from %1$s as t where %3$s '
        'and t.%2$I operator(pg_catalog.=) any ($1::%4$s[]) '
        'and exists (select from s3vl.get_vectors(array('
        'select pg_catalog.concat(%5$L::pg_catalog.text, k.key) '
        'from pg_catalog.unnest($1) as k (key)), '
        'index_arn => %6$L, include_metadata => false) as c '
        'where c.vector_id operator(pg_catalog.=) %7$s::pg_catalog.text '
        'and c.embedding::pg_catalog.float4[] operator(pg_catalog.=) '
        't.%8$I::pg_catalog.float4[]) for no key update of t skip locked)',
        _claim_query.binding.source,
        _claim_query.binding.key_column,
        _claim_query.condition,
        s3vl._column_type(_claim_query.binding.source, _claim_query.binding.key_column),
        _claim_query.binding.id_prefix,
        _claim_query.binding.index_arn,
        s3vl._vector_id(_claim_query.binding.id_prefix, _claim_query.binding.key_column),
        _claim_query.binding.embedding_column
    );
end;
$$;

comment on function s3vl._claim_query(s3vl.binding, text) is
    'Returns the query that locks those rows of a page whose vector the index has, and that nobody '
    'else has locked.';

create or replace function s3vl._cold_steps(
    binding_name text,
    older_than text,
    batch integer,
    out condition text,
    out page text,
    out lock text,
    out claim text,
    out move text
)
    stable
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding constant s3vl.binding := s3vl._find_binding(_cold_steps.binding_name);
    _where text;
begin
    perform s3vl._check_range('batch', _cold_steps.batch, 1, 10000);
    perform s3vl._check_older_than(_cold_steps.older_than);
    perform s3vl._check_cold(_binding);
    perform s3vl._vector_type(_binding);
    -- The condition of the caller stands where nothing but the table has a name.
    _where := format(
        E't.%I is not null and (%s\n)', _binding.embedding_column, _cold_steps.older_than
    );
    -- Without parentheses around it, so that it cannot end them.
    _cold_steps.condition := format(
        E'select case when %s\n then t.%I end from %s as t',
        _cold_steps.older_than,
        _binding.key_column,
        _binding.source
    );
    _cold_steps.page := format(
        'select array(select t.%1$I::pg_catalog.text from %2$s as t where %3$s '
        'and ($1 is null or t.%1$I operator(pg_catalog.>) %4$s) order by t.%1$I limit $2)',
        _binding.key_column,
        _binding.source,
        _where,
        s3vl._key_cast(_binding, '$1')
    );
    _cold_steps.claim := s3vl._claim_query(_binding, _where);
    _cold_steps.move := format(
        'with moved as (update %1$s as t set %2$I = null '
        'where t.%3$I operator(pg_catalog.=) any ($1::%4$s[]) '
        'returning t.%3$I as key, t.%2$I is null as is_cold) '
        'select pg_catalog.count(*) filter (where m.is_cold), '
        'pg_catalog.count(*) filter (where m.key operator(pg_catalog.<>) all ($1::%4$s[])) '
        'from moved as m',
        _binding.source,
        _binding.embedding_column,
        _binding.key_column,
        s3vl._column_type(_binding.source, _binding.key_column)
    );
    -- EXPLAIN locks, and asks for the same rights.
    _cold_steps.lock := concat('explain ', _cold_steps.move);
end;
$$;

comment on function s3vl._cold_steps(text, text, integer) is
    'Returns a query that only a whole condition fits into, the query for a page of keys, one '
    'that locks the table for the move, the query that locks the rows that can be moved, and the '
    'statement that sets their embeddings null.';
