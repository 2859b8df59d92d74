-- Checks of ARNs. 22023 like _arguments.sql.

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
    -- No function and no index has a longer one.
    _longest constant integer := 256;
    _arn constant text := left(_check_arn.arn, _longest + 1);
    _parts constant text[] := regexp_match(
        _arn, '^([^:]*):([^:]*):([^:]*):([^:]*):([^:]*):(.*)$'
    );
    _wrong text;
begin
    if char_length(_arn) > _longest then
        _wrong := format('it has %s bytes', octet_length(_check_arn.arn));
    elsif _parts is null then
        _wrong := 'it does not have six parts separated by colons';
    else
        -- Partitions are left open: AWS adds some, and the database has no list to keep.
        select format('its %s is "%s"', p.name, s3vl._shown(p.value))
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
                coalesce('"' || s3vl._shown(_arn) || '"', 'null'),
                _wrong
            ),
            hint = format('It looks like %s', _check_arn.example);
    end if;
end;
$$;

comment on function s3vl._check_arn(text, text, text, text, text) is
    'Refuses a text that is not an ARN of the service, and says which part is wrong.';
