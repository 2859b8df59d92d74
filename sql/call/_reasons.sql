-- What a failure is about: by codes, by places, and by the words that AWS's text begins with. Words
-- further on may be those of a name, as of the function or of a role, or of a value.

create or replace function s3vl._read_reason(reason text)
    returns table (code text, said text)
    immutable
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- The code is not always there.
    _client constant text[] := regexp_match(
        _read_reason.reason,
        E'^AWS Lambda client returned ''(?:Unable to parse ExceptionName: (\\w+) Message: '
        '|(\\w+(?:Exception|Error|Exceeded|TooLarge)|AccessDenied|Throttling)\\M(?:: )?)?(.*)$'
    );
    -- What the function answered: JSON, with its quotation marks escaped or not, or a text.
    _details constant text := substring(
        _read_reason.reason from '^"[^"]*" returned error "[^"]*", details: "(.*)$'
    );
    _member constant text := case
        when _details ~ E'^\\{\\\\' then E'[{,] *\\\\"%s\\\\": *\\\\"'
        else '[{,] *"%s": *"'
    end;
begin
    if _client is not null then
        return query select coalesce(_client[1], _client[2]), _client[3];
        return;
    end if;
    return query
    select
        substring(_details from format(_member, 'errorType') || E'([\\w.]*)'),
        coalesce(
            substring(_details from format(_member, 'errorMessage') || '(.*)$'),
            _details,
            _read_reason.reason
        );
end;
$$;

comment on function s3vl._read_reason(text) is
    'Returns from a DETAIL of aws_lambda the code of AWS, null when it names none, and the text.';

create or replace function s3vl._kind_of_reason(reason text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Only without a code the text counts.
    select k.kind
    from s3vl._read_reason(_kind_of_reason.reason) as r
    inner join (
        values
        ('too large', 'TooLarge(Exception)?$',
            '^(Response payload size|Exceeded maximum allowed payload|Request must be smaller)'),
        ('function timed out', '^Sandbox[.]Timedout$',
            E'^(RequestId: \\S+ Error: |[0-9TZ:.-]+ [0-9a-f-]+ )?Task timed out after '),
        ('denied', '^AccessDenied', '^User: .* is not authorized to perform: '),
        ('no function', '^ResourceNotFoundException$', '^Function not found: '),
        ('throttled', '^(TooManyRequests|(EC2)?Throttl)|Exceeded$',
            '^(Rate ?Exceeded|Too ?Many ?Requests|Throttl)'),
        ('no answer in time', 'Timeout', '^(curlCode: 28|(request )?time(d )?-?out)')
    ) as k (kind, code, said)
        on case when r.code is null then r.said ~* k.said else r.code ~ k.code end
    limit 1
$$;

comment on function s3vl._kind_of_reason(text) is
    'Says which of the failures that are known a DETAIL of aws_lambda means; null for another.';

create or replace function s3vl._refused_argument(error jsonb, members json)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- The service names places in its own words, or none.
    select a.argument
    from (
        values
        ('next_token', E'^/?(next_token|nextToken)\\M', '^Invalid page token'),
        ('metadata_filter', E'^/?(metadata_filter|filter)\\M',
            '^Invalid (filter|use of non-filterable metadata in filter)')
    ) as a (argument, path, said)
    where _refused_argument.error ->> 'code' = 'invalid_request'
        and _refused_argument.members ->> a.argument <> ''
        and (_refused_argument.error #>> '{fields,0,path}' ~ a.path
            or _refused_argument.error ->> 'message' ~ a.said)
    limit 1
$$;

comment on function s3vl._refused_argument(jsonb, json) is
    'Returns which argument an invalid_request is about, where there is a hint for that.';
