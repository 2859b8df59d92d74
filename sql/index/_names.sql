-- Checks of names and ARNs of indexes. 22023 like base/_arguments.sql.

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
