-- Checks of arguments, before a call is paid for. Each refuses with 22023, naming argument and
-- value.

create or replace function s3vl._check_range(
    argument text,
    value integer,
    minimum integer,
    maximum integer
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _check_range.value between _check_range.minimum and _check_range.maximum then
        return;
    end if;
    raise exception using
        errcode = '22023',
        message = format(
            '%s must be between %s and %s, got %s',
            _check_range.argument,
            _check_range.minimum,
            _check_range.maximum,
            coalesce(_check_range.value::text, 'null')
        ),
        hint = format(
            'Pass a number in the range, for example %s => %s.',
            _check_range.argument,
            least(10, _check_range.maximum)
        );
end;
$$;

comment on function s3vl._check_range(text, integer, integer, integer) is
    'Refuses a number that is null or out of its range.';

create or replace function s3vl._check_boolean(argument text, value boolean)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _check_boolean.value is null then
        raise exception using
            errcode = '22023',
            message = format('%s must be true or false, got null', _check_boolean.argument),
            hint = format('Leave %s out, or pass true or false.', _check_boolean.argument);
    end if;
end;
$$;

comment on function s3vl._check_boolean(text, boolean) is
    'Refuses a null where true or false is asked.';

create or replace function s3vl._check_next_token(next_token text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _bytes constant integer := octet_length(_check_next_token.next_token);
    _problem constant text := case
        when _bytes = 0 then 'is empty'
        -- Those of S3 Vectors have 2,048 at most.
        when _bytes > 10000 then format('has %s bytes, more than any token', _bytes)
    end;
begin
    if _problem is not null then
        raise exception using
            errcode = '22023',
            message = 'next_token ' || _problem,
            hint = 'Pass response_next_token of the page before, or leave next_token out to start '
                'again.';
    end if;
end;
$$;

comment on function s3vl._check_next_token(text) is
    'Refuses what is no token; null is the first page.';

create or replace function s3vl._check_size(
    argument text,
    document jsonb,
    maximum integer,
    hint text
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _bytes constant integer := s3vl._json_bytes(_check_size.document);
begin
    if _bytes > _check_size.maximum then
        raise exception using
            errcode = '22023',
            message = format(
                '%s has %s bytes, at most %s are allowed',
                _check_size.argument,
                _bytes,
                _check_size.maximum
            ),
            hint = _check_size.hint;
    end if;
end;
$$;

comment on function s3vl._check_size(text, jsonb, integer, text) is
    'Refuses a document that is too large to be walked through.';

create or replace function s3vl._check_segment(segment_count integer, segment_index integer)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if num_nulls(_check_segment.segment_count, _check_segment.segment_index) = 2 then
        return;
    end if;
    perform s3vl._check_range('segment_count', _check_segment.segment_count, 1, 16);
    perform s3vl._check_range(
        'segment_index', _check_segment.segment_index, 0, _check_segment.segment_count - 1
    );
end;
$$;

comment on function s3vl._check_segment(integer, integer) is
    'Refuses a segment that is not one of the segments, or half of the two arguments.';
