-- Checks of names and ARNs. 22023 like arguments.sql.

create or replace function s3vl._check_index_name(index_name text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if char_length(_check_index_name.index_name) between 1 and 128
        and _check_index_name.index_name !~ '[[:cntrl:]]'
    then
        return;
    end if;
    raise exception using
        errcode = '22023',
        message = format(
            'index_name must be 1 to 128 characters without control characters, got %s',
            coalesce(to_json(left(_check_index_name.index_name, 150))::text, 'null')
        ),
        hint = 'Pass any text that is easy to type, for example index_name => ''docs''.';
end;
$$;

comment on function s3vl._check_index_name(text) is
    'Refuses a name that the registry does not take.';

create or replace function s3vl._check_arn(
    argument text,
    arn text,
    service text,
    resource_pattern text,
    example text
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _parts text[] := regexp_match(
        _check_arn.arn, '^([^:]*):([^:]*):([^:]*):([^:]*):([^:]*):(.*)$'
    );
    _wrong text;
begin
    if _parts is null then
        _wrong := 'it does not have six parts with colons between them';
    else
        -- Partitions are left open: AWS adds some, and the database has no list to keep.
        select format('its %s is "%s"', p.name, p.value)
        into _wrong
        from (
            values
            ('first part', _parts[1], '^arn$'),
            ('partition', _parts[2], '^aws[a-z-]*$'),
            ('service', _parts[3], '^' || _check_arn.service || '$'),
            ('region', _parts[4], '^[a-z]+(-[a-z]+)+-[0-9]+$'),
            ('account', _parts[5], '^[0-9]{12}$'),
            ('resource', _parts[6], _check_arn.resource_pattern)
        ) as p (name, value, pattern)
        where p.value !~ p.pattern
        limit 1;
    end if;
    if _wrong is not null then
        raise exception using
            errcode = '22023',
            message = format(
                '%s %s is malformed: %s',
                _check_arn.argument,
                coalesce('"' || left(_check_arn.arn, 300) || '"', 'null'),
                _wrong
            ),
            hint = format('It looks like %s', _check_arn.example);
    end if;
end;
$$;

comment on function s3vl._check_arn(text, text, text, text, text) is
    'Refuses a text that is not an ARN of the service, and says which part is wrong.';

create or replace function s3vl._check_index_arn(index_arn text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _pattern constant text :=
        '^bucket/[a-z0-9]([a-z0-9.-]*[a-z0-9])?/index/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$';
    _example constant text :=
        'arn:aws:s3vectors:<region>:<account>:bucket/<bucket>/index/<index>';
    _arn constant text := _check_index_arn.index_arn;
    _wrong text;
begin
    perform s3vl._check_arn('index_arn', _arn, 's3vectors', _pattern, _example);
    select format('%s name "%s" must have 3 to 63 characters', n.what, left(n.name, 150))
    into _wrong
    from (
        values
        ('bucket', split_part(_arn, '/', 2)),
        ('index', split_part(_arn, '/', 4))
    ) as n (what, name)
    where char_length(n.name) not between 3 and 63
    limit 1;
    if found then
        raise exception using
            errcode = '22023',
            message = format('index_arn "%s" is malformed: its %s', left(_arn, 300), _wrong),
            hint = 'Copy it from the console, or from what this prints: '
                'aws s3vectors list-indexes --vector-bucket-name <bucket>';
    end if;
end;
$$;

comment on function s3vl._check_index_arn(text) is
    'Refuses a text that is not the ARN of an S3 Vectors index.';
