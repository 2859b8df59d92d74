-- Checks of names and ARNs of indexes. 22023 like base/_arguments.sql.

create or replace function s3vl._hidden_character(value text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Of Unicode: control and format characters, among them those that turn the direction around,
    -- what has no width or looks like a space, variation selectors, and ends of lines. Written out,
    -- because [[:cntrl:]] is something else in each locale.
    select substring(
        _hidden_character.value
        from E'[\\u0001-\\u001f\\u007f-\\u00a0\\u00ad\\u034f\\u0600-\\u0605\\u061c\\u06dd'
            '\\u070f\\u0890\\u0891\\u08e2\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f'
            '\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164'
            '\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb\\U000110bd\\U000110cd'
            '\\U00013430-\\U0001343f\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a'
            '\\U000e0000-\\U000e0fff]'
    )
$$;

comment on function s3vl._hidden_character(text) is
    'Returns the first character that nobody can see in a text.';

create or replace function s3vl._check_index_name(index_name text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name text := left(_check_index_name.index_name, 129);
    _hidden constant text := s3vl._hidden_character(_name);
    _code constant text := upper(to_hex(ascii(_hidden)));
    _wrong text;
begin
    -- Only here, and not in a constraint too: names that 1.0.0 took must go on working, and every
    -- update of their rows, and a restore, would be refused.
    if char_length(_name) between 1 and 128 is not true then
        _wrong := '1 to 128 characters';
    elsif _hidden is not null then
        _wrong := format('without U+%s', lpad(_code, greatest(4, length(_code)), '0'));
        _name := replace(_name, _hidden, '?');
    elsif _name ~ '^ | $' then
        _wrong := 'without spaces at its ends';
    elsif getdatabaseencoding() = 'UTF8' and _name is not normalized then
        _wrong := 'normalized, as normalize() does';
    else
        return;
    end if;
    raise exception using
        errcode = '22023',
        message = format(
            'index_name must be %s, got %s', _wrong, coalesce('"' || _name || '"', 'null')
        ),
        hint = 'Pass a plain name, for example index_name => ''docs''.';
end;
$$;

comment on function s3vl._check_index_name(text) is
    'Refuses a name that the registry does not take.';

create or replace function s3vl._check_description(description text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if char_length(left(_check_description.description, 10001)) > 10000 then
        raise exception using
            errcode = '22023',
            message = format(
                'description must have at most 10,000 characters, got %s bytes',
                octet_length(_check_description.description)
            ),
            hint = 'Keep long texts in a table of your own.';
    end if;
end;
$$;

comment on function s3vl._check_description(text) is
    'Refuses a text that is too long to be listed.';

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
    select format('%s name "%s" must have 3 to 63 characters', n.what, s3vl._shown(n.name))
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
            message = format(
                'index_arn "%s" is malformed: its %s', s3vl._shown(_arn), _wrong
            ),
            hint = 'Copy it from the console, or from what this prints: '
                'aws s3vectors list-indexes --vector-bucket-name <bucket>';
    end if;
end;
$$;

comment on function s3vl._check_index_arn(text) is
    'Refuses a text that is not the ARN of an S3 Vectors index.';
