-- Installs s3vl as an extension. (In sql/ this is a form: tools/build_sql.py fills it in.)
\echo Use "create extension s3vl cascade" to load this file. \quit
set local search_path = pg_catalog, pg_temp;
-- The table of contents, and the program: psql runs every file of s3vl once, in this order.
-- A new file is a new line here. Transaction and search_path belong to install.sql.
--
-- A call travels like this: api/ checks its arguments, internal/index.sql finds the index,
-- internal/invoke.sql carries the request to Lambda, internal/decode.sql reads the answer.

-- Things with state
-- The schema that holds all of s3vl. Plain `create`: a schema s3vl that is there already, whoever
-- made it, stops the installation.
create schema s3vl;

comment on schema s3vl is
    'SQL over billions of vectors: Amazon S3 Vectors from Aurora PostgreSQL. '
    'Functions whose names start with an underscore are internal.';

-- Which Lambda function s3vl calls, and how long a call may take: one row, or none before
-- configure(). No key and no password: Aurora's IAM role is what opens the Lambda function.
create table s3vl.config (
    is_the_only_row boolean not null default true,
    lambda_arn text not null,
    aws_region text not null,
    timeout_seconds integer not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    last_validated_at timestamptz,
    last_validation_status text,
    constraint config_pkey primary key (is_the_only_row),
    constraint config_single_row check (is_the_only_row),
    constraint config_timeout_seconds_range check (timeout_seconds between 1 and 900)
);

comment on table s3vl.config is
    'Which Lambda function is called. A single row, written by s3vl.configure(); read it with '
    's3vl.get_config().';
comment on column s3vl.config.is_the_only_row is
    'Always true: as the primary key it allows one row.';
comment on column s3vl.config.lambda_arn is
    'ARN of the Lambda function, with alias or version when one was given.';
comment on column s3vl.config.aws_region is
    'Region of the Lambda function.';
comment on column s3vl.config.timeout_seconds is
    'Limit of one SQL call in seconds, 1 to 900, however many Lambda invocations it takes.';
comment on column s3vl.config.created_at is
    'When s3vl was configured first.';
comment on column s3vl.config.updated_at is
    'When s3vl was configured last.';
comment on column s3vl.config.last_validated_at is
    'When the Lambda function was last asked whether it is there.';
comment on column s3vl.config.last_validation_status is
    'What came of it: ok, or failed with the reason.';

-- Names for indexes, and what is known about them. What the ARN says is computed from the ARN, so
-- the two cannot disagree; what GetIndex says is null until it was asked.
-- Names are compared byte by byte, and sorted alike on every server.
create table s3vl.index_registry (
    index_name text collate "C" not null,
    index_arn text collate "C" not null,
    description text,
    bucket_name text not null
        generated always as (split_part(split_part(index_arn, ':', 6), '/', 2)) stored,
    region text not null generated always as (split_part(index_arn, ':', 4)) stored,
    account_id text not null generated always as (split_part(index_arn, ':', 5)) stored,
    dimension integer,
    distance_metric text,
    index_mode text,
    non_filterable_keys text[],
    text_keys jsonb,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint index_registry_pkey primary key (index_name),
    constraint index_registry_index_name_length
        check (char_length(index_name) between 1 and 128),
    constraint index_registry_index_name_printable check (index_name !~ '[[:cntrl:]]')
);

comment on table s3vl.index_registry is
    'Friendly names for S3 Vectors indexes. Written by s3vl.register_index(); read it with '
    's3vl.list_indexes().';
comment on column s3vl.index_registry.index_name is
    'The name used in SQL: 1 to 128 characters, none of them a control character.';
comment on column s3vl.index_registry.index_arn is
    'ARN of the S3 Vectors index. Several names may share one.';
comment on column s3vl.index_registry.description is
    'Free text.';
comment on column s3vl.index_registry.bucket_name is
    'Vector bucket, from the ARN.';
comment on column s3vl.index_registry.region is
    'AWS region, from the ARN.';
comment on column s3vl.index_registry.account_id is
    'AWS account, from the ARN.';
comment on column s3vl.index_registry.dimension is
    'Numbers in each vector, from GetIndex; null when it could not be asked.';
comment on column s3vl.index_registry.distance_metric is
    'cosine or euclidean, from GetIndex; null when it could not be asked.';
comment on column s3vl.index_registry.index_mode is
    'CLASSIC or ENHANCED, from GetIndex; null when it did not say.';
comment on column s3vl.index_registry.non_filterable_keys is
    'Metadata keys that filters cannot use, from GetIndex.';
comment on column s3vl.index_registry.text_keys is
    'Metadata keys with full-text search: an array of metadata_key, language and status, from '
    'GetIndex.';
comment on column s3vl.index_registry.is_active is
    'False after s3vl.deactivate_index(): calls that name the index are refused.';
comment on column s3vl.index_registry.created_at is
    'When the name was registered first.';
comment on column s3vl.index_registry.updated_at is
    'When the row was changed last.';

-- What is written to an index: a vector with its id and its metadata.
create type s3vl.vector_record as (
    vector_id text,
    embedding real array,
    metadata jsonb
);

comment on type s3vl.vector_record is
    'A vector to write with s3vl.put_vectors(): (id, embedding, metadata)::s3vl.vector_record.';
comment on column s3vl.vector_record.vector_id is
    'Id in the index: 1 to 1024 bytes. Writing an id again replaces vector and metadata.';
comment on column s3vl.vector_record.embedding is
    'The vector, as the 4-byte floats that S3 Vectors keeps; a pgvector column as '
    'embedding::real[].';
comment on column s3vl.vector_record.metadata is
    'An object of strings, numbers, booleans, arrays of strings and arrays of numbers; or null.';


-- Public: about s3vl itself
-- Which s3vl this is. Equal to default_version in s3vl.control; a test compares the two.
create function s3vl.version()
    returns text
    immutable
    security definer
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select '1.0.0'
$$;

comment on function s3vl.version() is
    'Returns the version of the installed schema, for example 1.0.0. No Lambda call.';


-- Internal: what the functions below share; may change without notice
-- What errors have in common. Every error of s3vl is a small document: SQLSTATE, message with the
-- value, detail, and a hint that says what to type next. SQLSTATEs: 22023 bad argument, 42501 not
-- allowed, 42704 unknown index, 55000 something is to be set up first, and S3V01 to S3V06 for what
-- AWS said (call_failures.sql, answered_failures.sql).
--
-- psql shows each statement on the way to an error as CONTEXT, with all of its text; `raise` and
-- assignments have none. So errors are raised where they are found, and statements that may fail
-- are kept short.

create function s3vl._warn(message text, detail text, hint text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise warning using message = _warn.message, detail = _warn.detail, hint = _warn.hint;
end;
$$;

comment on function s3vl._warn(text, text, text) is
    'Warns about something that the caller has to know but that does not stop the call.';

create function s3vl._fill_in(template text, lambda_arn text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select replace(
        replace(
            replace(_fill_in.template, '{version}', s3vl.version()),
            '{arn}',
            _fill_in.lambda_arn
        ),
        '{function}',
        split_part(_fill_in.lambda_arn, ':', 7)
    )
$$;

comment on function s3vl._fill_in(text, text) is
    'Puts in what a text leaves open: {arn} and {function} of the Lambda function, {version} of '
    's3vl.';

create function s3vl._with_detail(message text, detail text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select _with_detail.message
        || coalesce(' (' || nullif(rtrim(_with_detail.detail, '.'), '') || ')', '')
$$;

comment on function s3vl._with_detail(text, text) is
    'Puts an error into one line, where it is told and not raised.';

-- Some callers go on without the remote side (registering, validating): this is what they may
-- catch. Everything else, above all a cancelled query, goes its way.
create function s3vl._is_call_failure(errcode text)
    returns boolean
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select _is_call_failure.errcode in ('22023', '42501', '55000')
        or _is_call_failure.errcode like 'S3V%'
$$;

comment on function s3vl._is_call_failure(text) is
    'Tells whether s3vl._ask raises this SQLSTATE for what happened outside of the database.';

-- Failures on the way to Lambda and back, which aws_lambda raises. AWS documents two messages for
-- them, with the reason in DETAIL, and no SQLSTATE: so they are known by their words.
-- {arn}, {function} and {version} are filled in by s3vl._fill_in.

create function s3vl._call_failure(
    sql_errcode text,
    sql_message text,
    reason text,
    ran_out_of_time boolean
)
    returns table (errcode text, message text, hint text)
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- The first line that applies counts: the particular ones stand above the general one.
    select f.errcode, f.message, f.hint
    from
        (
            select
                _call_failure.sql_errcode as code,
                _call_failure.reason as said,
                _call_failure.sql_message like 'lambda invocation failed%' as ran_and_failed,
                _call_failure.sql_message like 'invoke API failed%' as not_run
        ) as c
    cross join lateral (
        values
        (c.code in ('3F000', '42883'), '55000',
            'the extension aws_lambda is not installed in this database',
            'Type: create extension aws_lambda cascade;'),
        (c.code = '42501', '42501',
            format('role %I, which owns s3vl, may not use aws_lambda', current_user),
            format('Type: grant usage on schema aws_lambda to %1$I; '
                'grant execute on all functions in schema aws_lambda to %1$I;', current_user)),
        (c.code = '22P02', 'S3V04',
            'Lambda function "{arn}" did not answer with JSON',
            'See that the function in s3vl.get_config() is the one of s3vl.'),
        (c.said ~* 'payload size|EntityTooLarge|RequestTooLarge', 'S3V04',
            'a request to Lambda function "{arn}" or its answer is over the limit of 6 MB',
            'Ask for less at a time.'),
        (c.ran_and_failed and c.said ~* 'Task timed out|Sandbox[.]Timedout', 'S3V05',
            'Lambda function "{arn}" timed out',
            'Ask for less, or raise LambdaTimeout of the CloudFormation stack.'),
        (c.ran_and_failed, 'S3V05',
            'Lambda function "{arn}" failed',
            'Read its log: aws logs filter-log-events --log-group-name /aws/lambda/{function}'),
        (c.not_run and c.said ~* 'function not found|ResourceNotFound', 'S3V05',
            'Lambda function "{arn}" does not exist',
            'Save the ARN of one that exists: select s3vl.configure(''<Lambda ARN>'');'),
        (c.not_run and c.said ~* 'TooManyRequests|Rate ?Exceeded|throttl', 'S3V01',
            'Lambda throttled the call of function "{arn}"',
            'Try again later, or raise the concurrency of the function.'),
        (c.not_run and c.said ~* 'AccessDenied|not authorized', 'S3V02',
            'the database may not call Lambda function "{arn}"',
            'Attach a role that may lambda:InvokeFunction on it: '
            'aws rds add-role-to-db-cluster --db-cluster-identifier <cluster> '
            '--role-arn <role ARN> --feature-name Lambda'),
        (c.not_run and (_call_failure.ran_out_of_time or c.said ~* 'time(d )?-?out'), 'S3V05',
            'Lambda function "{arn}" did not answer in time',
            'Try again, as a first call is slow; then look at the network (VPC, NAT gateway), or '
            'give more time: select s3vl.configure(''{arn}'', timeout_seconds => 60);'),
        (c.not_run, 'S3V05',
            'Lambda function "{arn}" could not be called',
            'See that the cluster reaches Lambda on port 443 (NAT gateway or VPC endpoint) and '
            'has a role for the feature Lambda.'),
        -- What an extension raises without a SQLSTATE of its own.
        (c.code in ('XX000', 'P0001'), 'S3V05',
            'the call of Lambda function "{arn}" failed',
            'See what the detail says, and the ARN in s3vl.get_config().')
    ) as f (applies, errcode, message, hint)
    where f.applies
    limit 1
$$;

comment on function s3vl._call_failure(text, text, text, boolean) is
    'Says what an error of aws_lambda.invoke means; no row when it means nothing to s3vl.';

create function s3vl._raise_call_failure(
    sql_errcode text,
    sql_message text,
    reason text,
    ran_out_of_time boolean,
    lambda_arn text
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _failure record;
begin
    select f.*
    into _failure
    from s3vl._call_failure(
        _raise_call_failure.sql_errcode,
        _raise_call_failure.sql_message,
        _raise_call_failure.reason,
        _raise_call_failure.ran_out_of_time
    ) as f;
    if found then
        raise exception using
            errcode = _failure.errcode,
            message = s3vl._fill_in(_failure.message, _raise_call_failure.lambda_arn),
            detail = concat_ws(
                ': ', _raise_call_failure.sql_message, nullif(_raise_call_failure.reason, '')
            ),
            hint = s3vl._fill_in(_failure.hint, _raise_call_failure.lambda_arn);
    end if;
end;
$$;

comment on function s3vl._raise_call_failure(text, text, text, boolean, text) is
    'Raises what an error of aws_lambda.invoke means; returns when it means nothing to s3vl.';

-- Failures that the Lambda function answers: the error codes of docs/lambda-protocol.md, and
-- answers that break the protocol. {index}, {bucket} and {region} are those of the ARN that was
-- asked for; {arn}, {function} and {version} are filled in by s3vl._fill_in.

create function s3vl._answered_failure(error jsonb, members json)
    returns table (errcode text, message text, hint text)
    immutable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- The first line that applies counts: the particular ones stand above the general one.
    select f.errcode, f.message, f.hint
    from
        (
            select
                _answered_failure.error ->> 'code' as code,
                _answered_failure.error ->> 'message' as said,
                _answered_failure.members ->> 'next_token' as next_token,
                _answered_failure.members ->> 'metadata_filter' as metadata_filter
        ) as c
    cross join lateral (
        values
        (c.code = 'invalid_request' and c.next_token <> '' and c.said ~* 'token', '22023',
            'next_token was refused',
            'Start again without next_token: a token is good for some minutes, and for a call '
            'with the same other arguments.'),
        (c.code = 'invalid_request' and c.metadata_filter <> '' and c.said ~* 'filter', '22023',
            'the metadata_filter was refused',
            'The operators are $eq, $ne, $gt, $gte, $lt, $lte, $in, $nin, $exists, $startsWith, '
            '$and and $or: see docs/guide.md#filter'),
        (c.code = 'invalid_request', '22023', 'the request was refused',
            'Correct the argument that the message or the detail names.'),
        (c.code in ('unsupported_operation', 'unsupported_protocol'), '55000',
            'the Lambda function does not fit this schema',
            'Upload the code of s3vl {version} to function {function}.'),
        (c.code = 'placeholder_code', '55000',
            'the Lambda function still has its placeholder code',
            'Upload the real code: in lambda/ type ./package.sh, then aws lambda '
            'update-function-code --function-name {function} '
            '--zip-file fileb://build/s3vl-lambda.zip'),
        (c.code = 'throttled', 'S3V01', 'S3 Vectors throttled the request',
            'Try again later, with fewer sessions at once.'),
        (c.code = 'access_denied', 'S3V02', 'S3 Vectors denied access',
            'Allow the operation on this index in the IAM role of function {function}.'),
        (c.code = 'service_failure', 'S3V03', 'S3 Vectors failed',
            'Try again; if it lasts, see that S3 Vectors is in region {region}, which is that of '
            'the index, and what the AWS Health Dashboard says.'),
        (c.code = 'response_too_large', 'S3V04', 'the answer is over the 6 MB that Lambda carries',
            'Ask for less: without metadata or without vector data.'),
        (c.code = 'malformed_data', 'S3V04', 'the index holds what PostgreSQL cannot take',
            'Write the vector that the message names again, or ask without metadata.'),
        (c.code = 'timeout', 'S3V05', 'the time ran out',
            'Ask for less, or give more time: '
            'select s3vl.configure(''{arn}'', timeout_seconds => 60);'),
        (c.code = 'internal_error', 'S3V05', 'the Lambda function failed',
            'Read its log: aws logs filter-log-events --log-group-name /aws/lambda/{function}'),
        (c.code = 'not_found', 'S3V06', 'S3 Vectors does not have index {index}',
            'See which it has: aws s3vectors list-indexes --vector-bucket-name {bucket} '
            '--region {region}')
    ) as f (applies, errcode, message, hint)
    where f.applies
    limit 1
$$;

comment on function s3vl._answered_failure(jsonb, json) is
    'Says what an error of the protocol means, after a request with these members; no row when its '
    'code is unknown.';

create function s3vl._require_success(answer jsonb, members json)
    returns jsonb
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _answer jsonb := _require_success.answer;
    _config s3vl.config;
    _failure record;
begin
    if _answer -> 'success' <> 'false' then
        return _answer;
    end if;
    _config := s3vl._configuration();
    select f.* into _failure
    from s3vl._answered_failure(_answer -> 'error', _require_success.members) as f;
    if not found then
        perform s3vl._raise_malformed('a failure without a known error code', _answer::text);
    end if;
    raise exception using
        errcode = _failure.errcode,
        message = concat_ws(
            ': ',
            s3vl._fill_in_index(_failure.message, _require_success.members ->> 'index_arn'),
            -- A placeholder can only say that it is one.
            case when _answer #>> '{error,code}' <> 'placeholder_code'
                then rtrim(_answer #>> '{error,message}', '.')
            end
        ),
        detail = s3vl._failure_detail(_answer),
        hint = s3vl._fill_in(
            s3vl._fill_in_index(_failure.hint, _require_success.members ->> 'index_arn'),
            _config.lambda_arn
        );
end;
$$;

comment on function s3vl._require_success(jsonb, json) is
    'Returns an answer that is a success, and raises what any other means.';

create function s3vl._fill_in_index(template text, index_arn text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select replace(
        replace(
            replace(_fill_in_index.template, '{index}', a.arn),
            '{bucket}',
            split_part(a.arn, '/', 2)
        ),
        '{region}',
        split_part(a.arn, ':', 4)
    )
    from (select coalesce(_fill_in_index.index_arn, '')) as a (arn)
$$;

comment on function s3vl._fill_in_index(text, text) is
    'Puts in what a text leaves open: {index}, {bucket} and {region}.';

create function s3vl._failure_detail(answer jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select concat_ws(
        '; ',
        -- A failure that was not one of S3 Vectors has a name that is known in our source only.
        case when e.error ? 'attempts' then e.error ->> 'type' end,
        (
            select string_agg(concat_ws(': ', f.field ->> 'path', f.field ->> 'message'), '; ')
            from jsonb_path_query(e.error, '$.fields[*]') as f (field)
            -- The message may be made of them.
            where concat_ws(' ', f.field ->> 'path', f.field ->> 'message')
                <> e.error ->> 'message'
                and f.field ->> 'message' <> e.error ->> 'message'
        ),
        'attempts: ' || (e.error ->> 'attempts'),
        'Lambda request ' || coalesce(_failure_detail.answer ->> 'request_id', 'unknown')
    )
    from (select _failure_detail.answer -> 'error') as e (error)
$$;

comment on function s3vl._failure_detail(jsonb) is
    'Says what the service called the failure, where it is, after how many attempts, in which '
    'request.';

create function s3vl._raise_malformed(what text, answer text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = 'S3V04',
        message = format('the Lambda function answered %s', _raise_malformed.what),
        detail = coalesce(
            'It began: ' || left(_raise_malformed.answer, 200), 'The answer was empty.'
        ),
        hint = s3vl._fill_in(
            'See that the function in s3vl.get_config() is the one of s3vl, with the code of '
            'version {version}.',
            ''
        );
end;
$$;

comment on function s3vl._raise_malformed(text, text) is
    'Raises S3V04 for an answer that breaks the protocol, with its beginning as detail.';

-- Checks of arguments, before a call is paid for. Each refuses with 22023, naming argument and
-- value.

create function s3vl._check_range(
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

create function s3vl._check_boolean(argument text, value boolean)
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

create function s3vl._check_next_token(next_token text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if _check_next_token.next_token = '' then
        raise exception using
            errcode = '22023',
            message = 'next_token is empty',
            hint = 'Pass response_next_token of the page before, or leave next_token out to start '
                'again.';
    end if;
end;
$$;

comment on function s3vl._check_next_token(text) is
    'Refuses an empty token; null is the first page.';

create function s3vl._check_segment(segment_count integer, segment_index integer)
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

-- Checks of names and ARNs. 22023 like arguments.sql.

create function s3vl._check_index_name(index_name text)
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

create function s3vl._check_arn(
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

create function s3vl._check_index_arn(index_arn text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _pattern constant text :=
        '^bucket/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/index/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$';
    _example constant text :=
        'arn:aws:s3vectors:<region>:<account>:bucket/<bucket>/index/<index>';
    _arn constant text := _check_index_arn.index_arn;
begin
    perform s3vl._check_arn('index_arn', _arn, 's3vectors', _pattern, _example);
end;
$$;

comment on function s3vl._check_index_arn(text) is
    'Refuses a text that is not the ARN of an S3 Vectors index.';

-- Checks of vectors to search with, which also bring them into the form that is sent. 22023 like
-- arguments.sql.

create function s3vl._check_given(argument text, vector double precision[], example text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(_check_given.vector) > 0 is not true then
        raise exception using
            errcode = '22023',
            message = format(
                '%s is %s',
                _check_given.argument,
                case when _check_given.vector is null then 'null' else 'empty' end
            ),
            hint = format(
                'Pass for example %s => %s.', _check_given.argument, _check_given.example
            );
    end if;
end;
$$;

comment on function s3vl._check_given(text, double precision[], text) is
    'Refuses an array without numbers.';

create function s3vl._check_numbers(
    argument text,
    vector double precision[],
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _width integer := array_length(_check_numbers.vector, array_ndims(_check_numbers.vector));
    _bad record;
begin
    -- The service keeps 4-byte floats: from this number on they are infinite. NaN sorts above it.
    select
        (c.position - 1) / _width + 1 as vector_number,
        (c.position - 1) % _width + 1 as position,
        c.value
    into _bad
    from unnest(_check_numbers.vector) with ordinality as c (value, position)
    where c.value is null or abs(c.value) >= 3.4028235677973366e38
    order by c.position
    limit 1;
    if found then
        raise exception using
            errcode = '22023',
            message = format(
                '%s%s[%s] is %s',
                _check_numbers.argument,
                case array_ndims(_check_numbers.vector)
                    when 2 then format('[%s]', _bad.vector_number)
                end,
                _bad.position,
                coalesce(_bad.value::text, 'null')
            ),
            hint = 'Every number must be finite and fit a 4-byte float.';
    end if;
    if _width <> _check_numbers.index.dimension then
        raise exception using
            errcode = '22023',
            message = format(
                '%s has %s numbers%s, index "%s" has %s dimensions',
                _check_numbers.argument,
                _width,
                case array_ndims(_check_numbers.vector) when 2 then ' a vector' end,
                _check_numbers.index.index_name,
                _check_numbers.index.dimension
            ),
            hint = 'Pass a vector made by the model that made those in the index.';
    end if;
end;
$$;

comment on function s3vl._check_numbers(text, double precision[], s3vl.index_registry) is
    'Refuses numbers that no index takes, and too many or too few for this one.';

create function s3vl._as_floats(vector double precision[])
    returns real[]
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- As a 4-byte float a number has at most nine digits: half the size of a real[] made wider. Up
    -- to the number below it is zero, and the cast would refuse to round.
    select array(
        select case when abs(c.value) > 7.006492321624085e-46 then c.value else 0 end::real
        from unnest(_as_floats.vector) with ordinality as c (value, position)
        order by c.position
    )
$$;

comment on function s3vl._as_floats(double precision[]) is
    'Returns numbers in one row, as the 4-byte floats that the service keeps.';

create function s3vl._encode_floats(
    argument text,
    vector real[],
    index s3vl.index_registry
)
    returns json
    language plpgsql
    set search_path = pg_catalog, pg_temp
    -- A session that shows fewer digits must not search for another vector.
    set extra_float_digits = 1
as $$
begin
    if _encode_floats.index.distance_metric = 'cosine' and 0 = all (_encode_floats.vector) then
        raise exception using
            errcode = '22023',
            message = format('%s is zero in every dimension', _encode_floats.argument),
            hint = 'Cosine distance compares directions: pass a vector with a number other than '
                'zero.';
    end if;
    return to_json(_encode_floats.vector);
end;
$$;

comment on function s3vl._encode_floats(text, real[], s3vl.index_registry) is
    'Returns a vector as JSON; refuses one without a direction where that is asked.';

create function s3vl._encode_vector(
    argument text,
    vector double precision[],
    index s3vl.index_registry
)
    returns json
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name text := _encode_vector.argument;
    _vector double precision[] := _encode_vector.vector;
begin
    perform s3vl._check_given(_name, _vector, 'array[0.1, 0.2, 0.3]');
    if array_ndims(_vector) <> 1 then
        raise exception using
            errcode = '22023',
            message = format('%s must be one-dimensional, got %s', _name, array_dims(_vector)),
            hint = 'Pass one vector, or many at a time to s3vl.query_vectors_batch().';
    end if;
    perform s3vl._check_numbers(_name, _vector, _encode_vector.index);
    return s3vl._encode_floats(_name, s3vl._as_floats(_vector), _encode_vector.index);
end;
$$;

comment on function s3vl._encode_vector(text, double precision[], s3vl.index_registry) is
    'Returns a vector as JSON, or refuses it.';

create function s3vl._encode_vectors(
    argument text,
    vectors double precision[],
    index s3vl.index_registry
)
    returns json[]
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name text := _encode_vectors.argument;
    _vectors double precision[] := _encode_vectors.vectors;
    _width integer := array_length(_vectors, 2);
    _floats real[];
begin
    perform s3vl._check_given(_name, _vectors, 'array[array[0.1, 0.2, 0.3], array[0.4, 0.5, 0.6]]');
    if array_ndims(_vectors) <> 2 then
        raise exception using
            errcode = '22023',
            message = format('%s must be two-dimensional, got %s', _name, array_dims(_vectors)),
            hint = 'Pass one row a vector: array_agg(embedding::real[]) makes that of a column.';
    end if;
    perform s3vl._check_range('the number of ' || _name, array_length(_vectors, 1), 1, 1000);
    perform s3vl._check_numbers(_name, _vectors, _encode_vectors.index);
    _floats := s3vl._as_floats(_vectors);
    return array(
        select s3vl._encode_floats(
            format('%s[%s]', _name, n.number),
            _floats[(n.number - 1) * _width + 1:n.number * _width],
            _encode_vectors.index
        )
        from generate_series(1, array_length(_vectors, 1)) as n (number)
        order by n.number
    );
end;
$$;

comment on function s3vl._encode_vectors(text, double precision[], s3vl.index_registry) is
    'Returns each row of a two-dimensional array as JSON, or refuses it.';

-- Checks of metadata filters. The Lambda function reads the filter language; here stands what only
-- the registry knows.

create function s3vl._check_filter(metadata_filter jsonb, index s3vl.index_registry)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _key text;
begin
    if jsonb_typeof(_check_filter.metadata_filter) <> 'object' then
        raise exception using
            errcode = '22023',
            message = format(
                'metadata_filter must be a JSON object, got %s',
                left(_check_filter.metadata_filter::text, 100)
            ),
            hint = 'Pass for example metadata_filter => ''{"category": "test"}''.';
    end if;
    select k.key
    into _key
    from s3vl._filter_keys(_check_filter.metadata_filter) as k (key)
    where k.key = any (_check_filter.index.non_filterable_keys)
    limit 1;
    if found then
        raise exception using
            errcode = '22023',
            message = format(
                'metadata_filter uses "%s", which is not filterable in index "%s"',
                _key,
                _check_filter.index.index_name
            ),
            hint = format(
                'Filter the rows instead, for example: where metadata ->> %L = ''<value>''. '
                'Which keys are filterable is chosen when an index is made.',
                _key
            );
    end if;
end;
$$;

comment on function s3vl._check_filter(jsonb, s3vl.index_registry) is
    'Refuses a filter that is not a JSON object, or uses a key that the index cannot filter by.';

create function s3vl._filter_keys(metadata_filter jsonb)
    returns setof text
    immutable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Objects inside of a filter have operators as keys, or the same form as the filter itself.
    select o.member ->> 'key'
    from jsonb_path_query(
        _filter_keys.metadata_filter, '$.** ? (@.type() == "object").keyvalue()'
    ) as o (member)
$$;

comment on function s3vl._filter_keys(jsonb) is
    'Returns the metadata keys and the operators that a filter uses, at any depth.';

-- Checks of texts to search for. 22023 like arguments.sql.

create function s3vl._check_texts(query_texts jsonb)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _example constant text := 'Pass for example query_texts => ''{"title": "red shoes"}''.';
    _count integer;
    _bad record;
begin
    if jsonb_typeof(_check_texts.query_texts) is distinct from 'object' then
        raise exception using
            errcode = '22023',
            message = format(
                'query_texts must be a JSON object, got %s',
                coalesce(left(_check_texts.query_texts::text, 100), 'null')
            ),
            hint = _example;
    end if;
    _count := (select count(*) from jsonb_object_keys(_check_texts.query_texts));
    if _count not between 1 and 10 then
        raise exception using
            errcode = '22023',
            message = format('query_texts must have 1 to 10 keys, got %s', _count),
            hint = _example;
    end if;
    select t.key, t.value
    into _bad
    from jsonb_each(_check_texts.query_texts) as t
    where jsonb_typeof(t.value) <> 'string'
        or char_length(t.value #>> '{}') not between 1 and 1024
    limit 1;
    if found then
        raise exception using
            errcode = '22023',
            message = format(
                'query_texts."%s" must be a text of 1 to 1,024 characters, got %s',
                left(_bad.key, 100),
                case jsonb_typeof(_bad.value)
                    when 'string' then char_length(_bad.value #>> '{}') || ' characters'
                    else left(_bad.value::text, 100)
                end
            ),
            hint = _example;
    end if;
end;
$$;

comment on function s3vl._check_texts(jsonb) is
    'Refuses what is not an object of texts to search for.';

-- Checks of the metadata of a record. Sizes are counted as S3 Vectors does: the UTF-8 bytes of
-- compact JSON, and five.

create function s3vl._metadata_bytes(metadata jsonb)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- PostgreSQL writes a space after each colon and each comma, which compact JSON does not have.
    select octet_length(convert_to(_metadata_bytes.metadata::text, 'UTF8')) + 5
        - (
            select coalesce(greatest(sum(1 + m.commas) + count(*) - 1, 0), 0)::integer
            from (
                select
                    case jsonb_typeof(e.value)
                        when 'array' then greatest(jsonb_array_length(e.value) - 1, 0)
                        else 0
                    end as commas
                from jsonb_each(_metadata_bytes.metadata) as e
            ) as m
        )
$$;

comment on function s3vl._metadata_bytes(jsonb) is
    'Returns what an object without nested objects counts against the limits of S3 Vectors.';

create function s3vl._metadata_value_problem(value jsonb)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case jsonb_typeof(_metadata_value_problem.value)
        when 'null' then 'is null'
        when 'object' then 'is an object'
        when 'array' then (
            select case
                when count(*) = 0 then 'is an empty array'
                when count(distinct jsonb_typeof(a.element)) > 1 then 'is an array of several types'
                when min(jsonb_typeof(a.element)) not in ('string', 'number')
                    then format('is an array of type %s', min(jsonb_typeof(a.element)))
            end
            from jsonb_array_elements(_metadata_value_problem.value) as a (element)
        )
    end
$$;

comment on function s3vl._metadata_value_problem(jsonb) is
    'Says what is wrong with the value of a metadata key.';

create function s3vl._metadata_problem(metadata jsonb, non_filterable_keys text[])
    returns text
    immutable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _metadata jsonb := _metadata_problem.metadata;
    _problem text;
    _count integer;
begin
    if _metadata is null then
        return null;
    elsif jsonb_typeof(_metadata) <> 'object' then
        return format('must be a JSON object, got %s', left(_metadata::text, 100));
    end if;
    select format('has key "%s", whose value %s', left(e.key, 100), p.problem)
    into _problem
    from jsonb_each(_metadata) as e
    cross join lateral s3vl._metadata_value_problem(e.value) as p (problem)
    where p.problem is not null
    limit 1;
    if found then
        return _problem;
    end if;
    _count := (select count(*) from jsonb_object_keys(_metadata));
    if _count > 50 then
        return format('has %s keys, S3 Vectors takes 50', _count);
    end if;
    _count := s3vl._metadata_bytes(_metadata);
    if _count > 40960 then
        return format('counts %s bytes, S3 Vectors takes 40,960', _count);
    end if;
    -- Null when the index was never asked which keys these are.
    _count := s3vl._metadata_bytes(_metadata - _metadata_problem.non_filterable_keys);
    if _count > 2048 then
        return format('counts %s filterable bytes, S3 Vectors takes 2,048', _count);
    end if;
    return null;
end;
$$;

comment on function s3vl._metadata_problem(jsonb, text[]) is
    'Says what is wrong with the metadata of a record.';

-- Checks of records before they are written: what S3 Vectors would refuse, as far as it is known
-- here. Each `_problem` completes a sentence, and is null when there is none.

create function s3vl._id_problem(vector_id text)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A character has a byte at least, so 1,024 bytes is the limit of characters too.
    select case
        when _id_problem.vector_id is null then 'is null'
        when _id_problem.vector_id = '' then 'is empty'
        when octet_length(convert_to(_id_problem.vector_id, 'UTF8')) > 1024 then format(
            'is %s characters and %s bytes long',
            char_length(_id_problem.vector_id),
            octet_length(convert_to(_id_problem.vector_id, 'UTF8'))
        )
    end
$$;

comment on function s3vl._id_problem(text) is
    'Says what is wrong with an id.';

create function s3vl._embedding_problem(
    embedding real[],
    dimension integer,
    distance_metric text
)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when _embedding_problem.embedding is null then 'is null'
        when cardinality(_embedding_problem.embedding) = 0 then 'is empty'
        when array_ndims(_embedding_problem.embedding) <> 1
            then 'must be one-dimensional, got ' || array_dims(_embedding_problem.embedding)
        when cardinality(_embedding_problem.embedding) <> _embedding_problem.dimension then format(
            'has %s numbers, the index has %s dimensions',
            cardinality(_embedding_problem.embedding),
            _embedding_problem.dimension
        )
        when array_position(_embedding_problem.embedding, null) is not null then 'holds a null'
        when 'NaN' = any(_embedding_problem.embedding) then 'holds NaN'
        when 'Infinity' = any(_embedding_problem.embedding) then 'holds Infinity'
        when '-Infinity' = any(_embedding_problem.embedding) then 'holds -Infinity'
        when _embedding_problem.distance_metric = 'cosine' and 0 = all(_embedding_problem.embedding)
            then 'is zero in every dimension, which has no direction for cosine distance'
    end
$$;

comment on function s3vl._embedding_problem(real[], integer, text) is
    'Says what is wrong with a vector that is to be written; the facts may be null.';

create function s3vl._raise_record(
    record_position bigint,
    field text,
    id text,
    problem text
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception using
        errcode = '22023',
        message = format(
            'vectors[%s].%s%s %s',
            _raise_record.record_position,
            _raise_record.field,
            case when _raise_record.id <> '' then ' of "' || left(_raise_record.id, 100) || '"' end,
            _raise_record.problem
        ),
        hint = case _raise_record.field
            when 'vector_id'
                then 'An id is a text of 1 to 1,024 bytes, and another one in each record.'
            when 'embedding'
                then 'A vector has as many numbers as the index has dimensions, all of them finite.'
            else 'Metadata is an object of up to 50 strings, numbers, booleans, arrays of strings '
                'and arrays of numbers.'
        end;
end;
$$;

comment on function s3vl._raise_record(bigint, text, text, text) is
    'Refuses a record, naming its position, its field and its id.';

create function s3vl._check_records(
    vectors s3vl.vector_record[],
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _dimension integer := _check_records.index.dimension;
    _metric text := _check_records.index.distance_metric;
    _non_filterable text[] := _check_records.index.non_filterable_keys;
    _bad record;
begin
    perform s3vl._check_list(
        'vectors',
        _check_records.vectors,
        'array[(id, embedding, metadata)::s3vl.vector_record]; array_agg of no row is null'
    );
    select v.position, v.vector_id, p.field, p.problem
    into _bad
    from unnest(_check_records.vectors)
        with ordinality as v (vector_id, embedding, metadata, position)
    cross join lateral (
        values
        (1, 'vector_id', s3vl._id_problem(v.vector_id)),
        (2, 'embedding', s3vl._embedding_problem(v.embedding, _dimension, _metric)),
        (3, 'metadata', s3vl._metadata_problem(v.metadata, _non_filterable))
    ) as p (place, field, problem)
    where p.problem is not null
    order by v.position, p.place
    limit 1;
    if found then
        perform s3vl._raise_record(_bad.position, _bad.field, _bad.vector_id, _bad.problem);
    end if;
    select d.position, d.vector_id, d.first_position
    into _bad
    from (
        select
            v.position,
            v.vector_id,
            min(v.position) over (partition by v.vector_id collate "C") as first_position
        from unnest(_check_records.vectors)
            with ordinality as v (vector_id, embedding, metadata, position)
    ) as d
    where d.position > d.first_position
    order by d.position
    limit 1;
    if found then
        perform s3vl._raise_record(
            _bad.position,
            'vector_id',
            _bad.vector_id,
            format('is that of vectors[%s] too', _bad.first_position)
        );
    end if;
end;
$$;

comment on function s3vl._check_records(s3vl.vector_record[], s3vl.index_registry) is
    'Refuses records that no index takes, or not this one.';

-- Checks of arguments that are lists. 22023 like arguments.sql.

create function s3vl._check_list(argument text, list anyarray, example text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if cardinality(_check_list.list) > 0 is not true then
        raise exception using
            errcode = '22023',
            message = format(
                '%s is %s',
                _check_list.argument,
                case when _check_list.list is null then 'null' else 'empty' end
            ),
            hint = format('Pass %s => %s.', _check_list.argument, _check_list.example);
    end if;
    if array_ndims(_check_list.list) <> 1 then
        raise exception using
            errcode = '22023',
            message = format(
                '%s must be one-dimensional, got %s',
                _check_list.argument,
                array_dims(_check_list.list)
            ),
            hint = format('Pass %s => %s.', _check_list.argument, _check_list.example);
    end if;
end;
$$;

comment on function s3vl._check_list(text, anyarray, text) is
    'Refuses a list that is null, empty, or a list of lists.';

create function s3vl._distinct_ids(vector_ids text[])
    returns text[]
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _bad record;
begin
    perform s3vl._check_list(
        'vector_ids', _distinct_ids.vector_ids, 'array[''vec_001'', ''vec_002'']'
    );
    select i.position, s3vl._id_problem(i.vector_id) as problem
    into _bad
    from unnest(_distinct_ids.vector_ids) with ordinality as i (vector_id, position)
    where s3vl._id_problem(i.vector_id) is not null
    order by i.position
    limit 1;
    if found then
        raise exception using
            errcode = '22023',
            message = format('vector_ids[%s] %s', _bad.position, _bad.problem),
            hint = 'An id is a text of 1 to 1,024 bytes.';
    end if;
    return array(
        select i.vector_id
        -- Ids are the same when their bytes are, whatever collation the caller's text has.
        from unnest(_distinct_ids.vector_ids collate "C")
            with ordinality as i (vector_id, position)
        group by i.vector_id
        order by min(i.position)
    );
end;
$$;

comment on function s3vl._distinct_ids(text[]) is
    'Returns each id once, in the order first given, or refuses ids that cannot exist.';

create function s3vl._encode_ids(vector_ids text[])
    returns json[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select array(
        select to_json(i.vector_id)
        from unnest(_encode_ids.vector_ids) with ordinality as i (vector_id, position)
        order by i.position
    )
$$;

comment on function s3vl._encode_ids(text[]) is
    'Returns each id as JSON.';

-- Who is calling, and what that role may ask for. EXECUTE on the functions is the first gate
-- (schema/privileges.sql); what a function has to ask for itself stands here.

create function s3vl._caller()
    returns name
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- In a SECURITY DEFINER function current_user is the owner; what SET ROLE has set remains.
    select case current_setting('role')
        when 'none' then session_user
        else current_setting('role')::name
    end
$$;

comment on function s3vl._caller() is
    'Returns the role on whose behalf the call is made: that of SET ROLE, else the session''s.';

create function s3vl._authorize_unregistered(index_arn text)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- The registry is the list of what may be reached from here: who may extend it needs no entry.
    if not has_function_privilege(
        s3vl._caller(), 's3vl.configure(text, text, integer)', 'execute'
    ) then
        raise exception using
            errcode = '42501',
            message = format('index "%s" is not registered', _authorize_unregistered.index_arn),
            detail = format('Role "%s" may use registered indexes only.', s3vl._caller()),
            hint = format(
                'Ask an administrator for: select s3vl.register_index(''<name>'', %L);',
                _authorize_unregistered.index_arn
            );
    end if;
end;
$$;

comment on function s3vl._authorize_unregistered(text) is
    'Refuses an ARN that is not in the registry, 42501, unless the caller has admin access: may '
    'execute s3vl.configure().';

-- Who may call what: the one list of public functions and the access that they need. Reader is all
-- that only looks, writer adds changes of vectors, admin changes of s3vl itself.

create function s3vl._access_levels()
    returns table (function_name name, access_level text)
    immutable
    rows 30
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    values
    ('version'::name, 'reader'),
    ('get_config', 'reader'),
    ('validate_config', 'reader'),
    ('diagnose', 'reader'),
    ('last_call', 'reader'),
    ('resolve_index_arn', 'reader'),
    ('list_indexes', 'reader'),
    ('get_index_info', 'reader'),
    ('describe_index', 'reader'),
    ('query_vectors', 'reader'),
    ('query_vectors_batch', 'reader'),
    ('query_hybrid', 'reader'),
    ('get_vectors', 'reader'),
    ('list_vectors', 'reader'),
    ('put_vectors', 'writer'),
    ('delete_vectors', 'writer'),
    ('configure', 'admin'),
    ('register_index', 'admin'),
    ('activate_index', 'admin'),
    ('deactivate_index', 'admin'),
    ('unregister_index', 'admin'),
    ('grant_access', 'admin'),
    ('revoke_access', 'admin')
$$;

comment on function s3vl._access_levels() is
    'Lists the public functions, each with the lowest access that may execute it.';

create function s3vl._granted_functions(access_level text)
    returns text
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _levels constant text[] := '{reader,writer,admin}';
begin
    return (
        select string_agg(p.oid::regprocedure::text, ', ' order by p.proname)
        from s3vl._access_levels() as a
        inner join pg_proc as p on p.proname = a.function_name
        where p.pronamespace = 's3vl'::regnamespace
            and array_position(_levels, a.access_level)
            <= array_position(_levels, _granted_functions.access_level)
    );
end;
$$;

comment on function s3vl._granted_functions(text) is
    'Returns the functions of an access level as GRANT takes them; null for an unknown level.';

-- From index_name or index_arn to an index that the caller may use.

create function s3vl._raise_unknown_index(index_name text)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- One more than is shown, to know whether there are more.
    _names text[] := array(
        select format('"%s"', r.index_name)
        from s3vl.index_registry as r
        order by r.index_name
        limit 6
    );
begin
    raise exception using
        errcode = '42704',
        message = format(
            'index %s is not registered',
            coalesce('"' || _raise_unknown_index.index_name || '"', 'null')
        ),
        hint = concat_ws(
            ' ',
            case when _raise_unknown_index.index_name like 'arn:%'
                then format('Pass an ARN as index_arn => %L.', _raise_unknown_index.index_name)
            end,
            'Registered: ' || nullif(array_to_string(_names[:5], ', '), '')
            || case when cardinality(_names) > 5 then ' and more' else '' end || '.',
            'Register it: select s3vl.register_index(''<name>'', ''<index ARN>'');'
        );
end;
$$;

comment on function s3vl._raise_unknown_index(text) is
    'Raises 42704 with up to five of the names that there are.';

create function s3vl._registered_index(index_name text)
    returns s3vl.index_registry
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
begin
    select r.*
    into _index
    from s3vl.index_registry as r
    where r.index_name = _registered_index.index_name;
    if not found then
        perform s3vl._raise_unknown_index(_registered_index.index_name);
    end if;
    perform s3vl._check_active(_index);
    return _index;
end;
$$;

comment on function s3vl._registered_index(text) is
    'Returns the active index of this name.';

create function s3vl._check_active(index s3vl.index_registry)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if not _check_active.index.is_active then
        raise exception using
            errcode = '55000',
            message = format('index "%s" is inactive', _check_active.index.index_name),
            hint = format(
                'Activate it: select s3vl.activate_index(%L);', _check_active.index.index_name
            );
    end if;
end;
$$;

comment on function s3vl._check_active(s3vl.index_registry) is
    'Refuses an index that was deactivated.';

create function s3vl._find_index(index_name text, index_arn text)
    returns s3vl.index_registry
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
begin
    if num_nonnulls(_find_index.index_name, _find_index.index_arn) <> 1 then
        raise exception using
            errcode = '22023',
            message = coalesce(
                'index_name "' || _find_index.index_name || '" and index_arn "'
                || _find_index.index_arn || '" are both given',
                'neither index_name nor index_arn is given'
            ),
            hint = 'Pass one of them, for example index_name => ''docs''; see s3vl.list_indexes().';
    end if;
    if _find_index.index_name is not null then
        return s3vl._registered_index(_find_index.index_name);
    end if;
    perform s3vl._check_index_arn(_find_index.index_arn);
    select r.*
    into _index
    from s3vl.index_registry as r
    where r.index_arn = _find_index.index_arn
    order by r.is_active desc, r.index_name
    limit 1;
    if found then
        perform s3vl._check_active(_index);
        return _index;
    end if;
    perform s3vl._authorize_unregistered(_find_index.index_arn);
    _index.index_arn := _find_index.index_arn;
    return _index;
end;
$$;

comment on function s3vl._find_index(text, text) is
    'Returns the index that exactly one of name and ARN says; of an unregistered one only the ARN '
    'is known.';

-- aws_lambda.request_timeout_ms: how long aws_lambda waits for an answer. Its default of three
-- seconds is less than a cold start can take, so every call sets it, and puts it back.

create function s3vl._set_request_timeout(value text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform set_config('aws_lambda.request_timeout_ms', _set_request_timeout.value, true);
exception
    -- AWS does not say who may change it. Where we may not, the value in force bounds the call.
    when insufficient_privilege or cant_change_runtime_param then
        null;
end;
$$;

comment on function s3vl._set_request_timeout(text) is
    'Sets aws_lambda.request_timeout_ms for this transaction, where that is allowed.';

create function s3vl._request_timeout()
    returns text
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Unset before aws_lambda is loaded, and empty after a transaction that set it: then it is the
    -- documented default.
    select coalesce(nullif(current_setting('aws_lambda.request_timeout_ms', true), ''), '3000')
$$;

comment on function s3vl._request_timeout() is
    'Returns aws_lambda.request_timeout_ms as it is in force.';

create function s3vl._limit_request(deadline timestamptz)
    returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _left_ms integer := ceil(
        extract(epoch from _limit_request.deadline - clock_timestamp()) * 1000
    );
    _in_force text;
begin
    if _left_ms <= 0 then
        raise exception using
            errcode = 'S3V05',
            message = 'the time ran out before the last part of the answer',
            hint = 'Ask for less, or give more time with timeout_seconds of s3vl.configure().';
    end if;
    perform s3vl._set_request_timeout(_left_ms::text);
    _in_force := s3vl._request_timeout();
    -- A setting that knows its unit is shown with it, as 3s.
    if _in_force ~ '^[0-9]+$' then
        _in_force := _in_force || ' ms';
    end if;
    return least(_left_ms, (extract(epoch from _in_force::interval) * 1000)::integer);
end;
$$;

comment on function s3vl._limit_request(timestamptz) is
    'Gives the next request the time left until the deadline, and returns the milliseconds it '
    'really has.';

-- What s3vl.last_call() tells: kept in a setting of the session, so that measuring writes nothing
-- and works in read-only transactions. Counts and times only, no text of the user.

create function s3vl._noted_call()
    returns jsonb
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- Empty after DISCARD ALL and RESET ALL; and whoever has the session may write anything there.
    select case when n.note is json object then n.note::jsonb end
    from (select current_setting('s3vl.last_call', true)) as n (note)
$$;

comment on function s3vl._noted_call() is
    'Returns what was noted about the last call of this session, or null.';

create function s3vl._note_call(
    operation text,
    started timestamptz,
    request json,
    payload json,
    answer jsonb
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _noted jsonb := s3vl._noted_call();
    _problem text;
begin
    -- A call that takes several invocations is known by its start, and summed up.
    if _noted -> 'started' is distinct from to_jsonb(_note_call.started) then
        _noted := '{"pages": 0, "lambda_ms": 0, "api_calls": 0, "bytes_out": 0, "bytes_in": 0}';
    end if;
    perform set_config(
        's3vl.last_call',
        json_build_object(
            'started', _note_call.started,
            'operation', _note_call.operation,
            'request_id', _note_call.answer ->> 'request_id',
            'total_ms', extract(epoch from clock_timestamp() - _note_call.started) * 1000,
            'lambda_ms', (_noted ->> 'lambda_ms')::double precision
            + coalesce((_note_call.answer ->> 'execution_time_ms')::double precision, 0),
            'api_calls', (_noted ->> 'api_calls')::integer
            + coalesce((_note_call.answer #>> '{stats,api_calls}')::integer, 0),
            'pages', (_noted ->> 'pages')::integer + 1,
            'bytes_out', (_noted ->> 'bytes_out')::integer + octet_length(_note_call.request::text),
            'bytes_in', (_noted ->> 'bytes_in')::integer + octet_length(_note_call.payload::text),
            'cold_start', coalesce((_noted ->> 'cold_start')::boolean, false)
            or coalesce((_note_call.answer #>> '{stats,cold_start}')::boolean, false)
        )::text,
        false
    );
exception
    when data_exception then
        _problem := 'measures that cannot be read: ' || sqlerrm;
        perform s3vl._raise_malformed(_problem, _note_call.answer::text);
end;
$$;

comment on function s3vl._note_call(text, timestamptz, json, json, jsonb) is
    'Notes what a call has cost.';

-- The one door to Lambda: no other SQL calls aws_lambda.invoke. Request and answer are those of
-- docs/lambda-protocol.md.

create function s3vl._configuration()
    returns s3vl.config
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _config s3vl.config;
begin
    select c.*
    into _config
    from s3vl.config as c;
    if not found then
        raise exception using
            errcode = '55000',
            message = 's3vl is not configured',
            hint = 'Type: select s3vl.configure(''<Lambda ARN>'');';
    end if;
    return _config;
end;
$$;

comment on function s3vl._configuration() is
    'Returns the configuration, or raises 55000 when there is none.';

create function s3vl._request(
    operation text,
    budget_ms integer,
    members json,
    continuation jsonb
)
    returns json
    stable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- json and not jsonb, which would turn every number of every vector into numeric and back.
    -- Not json_strip_nulls: it would also change filters inside of the request.
    select json_object_agg(m.key, m.value)
    from (
        values
        ('operation', to_json(_request.operation)),
        ('protocol', to_json(1)),
        ('budget_ms', to_json(_request.budget_ms)),
        ('continuation', _request.continuation::json)
        union all
        select r.key, r.value
        from json_each(_request.members) as r
    ) as m (key, value)
    where json_typeof(m.value) <> 'null'
$$;

comment on function s3vl._request(text, integer, json, jsonb) is
    'Puts a request of the protocol together; members that are null are left out.';

create function s3vl._invoke(
    operation text,
    members json,
    started timestamptz,
    continuation jsonb
)
    returns jsonb
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _config s3vl.config := s3vl._configuration();
    _timeout_before text := s3vl._request_timeout();
    _limit_ms integer := s3vl._limit_request(
        _invoke.started + make_interval(secs => _config.timeout_seconds)
    );
    _sent_at timestamptz := clock_timestamp();
    -- The function is to be done a second before we stop listening, as up to 6 MB have to travel
    -- back; of a short limit a fifth, so that there is time to work in.
    _request json := s3vl._request(
        _invoke.operation,
        _limit_ms - least(1000, _limit_ms / 5),
        _invoke.members,
        _invoke.continuation
    );
    _payload json;
    _answer jsonb;
    _detail text;
    _late boolean;
begin
    begin
        select r.payload
        into _payload
        from aws_lambda.invoke(function_name => _config.lambda_arn, payload => _request) as r;
    exception
        when others then
            get stacked diagnostics _detail = pg_exception_detail;
            _late := clock_timestamp() >= _sent_at + make_interval(secs => _limit_ms / 1000.0);
            perform s3vl._raise_call_failure(sqlstate, sqlerrm, _detail, _late, _config.lambda_arn);
            raise;
    end;
    -- After an error PostgreSQL itself puts it back.
    perform s3vl._set_request_timeout(_timeout_before);
    _answer := s3vl._read_answer(_payload);
    perform s3vl._note_call(_invoke.operation, _invoke.started, _request, _payload, _answer);
    return _answer;
end;
$$;

comment on function s3vl._invoke(text, json, timestamptz, jsonb) is
    'Calls the Lambda function once, within what timeout_seconds leaves since the start, and '
    'returns its answer, be it a success or a failure.';

create function s3vl._read_answer(payload json)
    returns jsonb
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _answer jsonb;
    _problem text;
begin
    begin
        _answer := _read_answer.payload::jsonb;
    exception
        -- json takes what jsonb cannot hold, such as U+0000 and numbers without end.
        when data_exception or program_limit_exceeded then
            _problem := 'what jsonb cannot hold: ' || sqlerrm;
            perform s3vl._raise_malformed(_problem, _read_answer.payload::text);
    end;
    if jsonb_typeof(_answer -> 'success') is distinct from 'boolean' then
        perform s3vl._raise_malformed('without saying success', _answer::text);
    elsif _answer -> 'success' = 'true'
        and jsonb_typeof(_answer -> 'result') is distinct from 'object'
    then
        perform s3vl._raise_malformed('without a result', _answer::text);
    end if;
    return _answer;
end;
$$;

comment on function s3vl._read_answer(json) is
    'Returns an answer that says whether it is a success, and that has a result if it is.';

-- Conversations with the Lambda function: a request may be too large for one call, and so may its
-- answer.

create function s3vl._ask(
    operation text,
    members json,
    started timestamptz default clock_timestamp()
)
    returns setof jsonb
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _continuation jsonb;
    _answer jsonb;
begin
    loop
        _answer := s3vl._invoke(_ask.operation, _ask.members, _ask.started, _continuation);
        _answer := s3vl._require_success(_answer, _ask.members);
        return next _answer -> 'result';
        _continuation := nullif(_answer -> 'continuation', 'null');
        exit when _continuation is null;
    end loop;
end;
$$;

comment on function s3vl._ask(text, json, timestamptz) is
    'Asks the Lambda function and returns one result for each part of its answer.';

create function s3vl._chunks(items json[])
    returns table (first_position integer, last_position integer, chunk json)
    rows 10
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select min(i.position)::integer, max(i.position)::integer, json_agg(i.item order by i.position)
    from (
        select
            u.item,
            u.position,
            -- Lambda takes 6 MB, but a function with 128 MB of memory takes half of it, and not so
            -- many items when they are small. One more item is 0.4 MB at most.
            (u.position - 1) / 20000 as by_count,
            sum(octet_length(u.item::text) + 4) over (order by u.position) / 3000000 as by_size
        from unnest(_chunks.items) with ordinality as u (item, position)
    ) as i
    group by i.by_count, i.by_size
    order by i.by_count, i.by_size;
end;
$$;

comment on function s3vl._chunks(json[]) is
    'Divides items, in their order, into arrays that fit into a request each.';

-- Writes: in several requests when there is much, and with an account of what was done when one
-- of them fails, because S3 Vectors does not roll back.

create function s3vl._done_positions(
    answer jsonb,
    member text,
    first_position integer,
    last_position integer
)
    returns int4multirange
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _done int4multirange;
    _problem text;
begin
    -- The function counts from 1 in each request, we in what the caller gave.
    select coalesce(
        range_agg(
            int4range(
                (d.pair ->> 0)::integer + _done_positions.first_position - 1,
                (d.pair ->> 1)::integer + _done_positions.first_position - 1,
                '[]'
            )
        ),
        '{}'
    )
    into _done
    from jsonb_array_elements(
        coalesce(
            _done_positions.answer -> 'result' -> _done_positions.member,
            _done_positions.answer -> 'error' -> _done_positions.member,
            '[]'
        )
    ) as d (pair);
    if not _done <@ int4range(
        _done_positions.first_position, _done_positions.last_position, '[]'
    ) then
        _problem := 'positions that were not in the request';
        perform s3vl._raise_malformed(_problem, _done_positions.answer::text);
    end if;
    return _done;
exception
    when data_exception then
        _problem := 'positions that cannot be read: ' || sqlerrm;
        perform s3vl._raise_malformed(_problem, _done_positions.answer::text);
end;
$$;

comment on function s3vl._done_positions(jsonb, text, integer, integer) is
    'Returns the positions that an answer, even that of a failure, says are done.';

create function s3vl._show_positions(positions int4multirange)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select string_agg(
        concat_ws('-', lower(r.run), nullif(upper(r.run) - 1, lower(r.run))),
        ','
        order by r.run
    )
    from unnest(_show_positions.positions) as r (run)
$$;

comment on function s3vl._show_positions(int4multirange) is
    'Shows positions as ranges, for example 1-1500,2001-2500; null when there are none.';

create function s3vl._write(
    operation text,
    index_arn text,
    member text,
    items json[],
    done_member text,
    started timestamptz
)
    returns integer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _done int4multirange := '{}';
    _request record;
    _continuation jsonb;
    _answer jsonb;
    _detail text;
    _hint text;
begin
    for _request in
        select
            c.first_position,
            c.last_position,
            json_build_object('index_arn', _write.index_arn, _write.member, c.chunk) as members
        from s3vl._chunks(_write.items) as c
    loop
        _continuation := null;
        loop
            _answer := s3vl._invoke(
                _write.operation, _request.members, _write.started, _continuation
            );
            _done := _done + s3vl._done_positions(
                _answer, _write.done_member, _request.first_position, _request.last_position
            );
            _answer := s3vl._require_success(_answer, _request.members);
            _continuation := nullif(_answer -> 'continuation', 'null');
            exit when _continuation is null;
        end loop;
        if not int4range(_request.first_position, _request.last_position, '[]') <@ _done then
            perform s3vl._raise_malformed('a success that is not complete', _answer::text);
        end if;
    end loop;
    return cardinality(_write.items);
exception
    when others then
        if not s3vl._is_call_failure(sqlstate) or isempty(_done) then
            raise;
        end if;
        get stacked diagnostics _detail = pg_exception_detail, _hint = pg_exception_hint;
        raise exception using
            errcode = sqlstate,
            message = sqlerrm,
            detail = concat_ws(
                '; ',
                nullif(_detail, ''),
                'the request began at position ' || nullif(_request.first_position, 1),
                _write.done_member || ': ' || s3vl._show_positions(_done)
            ),
            hint = _hint;
end;
$$;

comment on function s3vl._write(text, text, text, json[], text, timestamptz) is
    'Sends items to be written or deleted and returns how many there were; when that fails the '
    'DETAIL says which are done.';

-- From results of the protocol to rows.

create function s3vl._vectors_problem(result jsonb, required text[])
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when jsonb_typeof(_vectors_problem.result -> 'vectors') is distinct from 'array'
            then 'without vectors'
        when exists (
            select from jsonb_array_elements(_vectors_problem.result -> 'vectors') as v (vector)
            where jsonb_typeof(v.vector) <> 'object' or not v.vector ?& _vectors_problem.required
        )
            then 'a vector without ' || array_to_string(_vectors_problem.required, ' or ')
        -- A member that is not there has no type, and is not compared.
        when jsonb_path_exists(
            _vectors_problem.result,
            '$ ? (@.distance_metric.type() != "string"
                || @.vectors[*].vector_id.type() != "string"
                || @.vectors[*].query_number.type() != "number"
                || @.vectors[*].distance.type() != "number"
                || @.vectors[*].fused_score.type() != "number"
                || @.vectors[*].bm25_scores.type() != "object"
                || @.vectors[*].bm25_scores.*.type() != "number"
                || @.vectors[*].metadata.type() != "object"
                || @.vectors[*].embedding.type() != "array"
                || @.vectors[*].embedding[*].type() != "number")'
        )
            then 'a vector with a member of another type'
    end
$$;

comment on function s3vl._vectors_problem(jsonb, text[]) is
    'Says what is wrong with a result: its vectors lack what is required, or are not as the '
    'protocol says.';

create function s3vl._decode_vectors(result jsonb, required text[])
    returns table (
        query_number integer,
        vector_id text,
        distance double precision,
        similarity_score double precision,
        fused_score double precision,
        bm25_scores jsonb,
        embedding double precision[],
        metadata jsonb
    )
    -- The planner is to expect many rows, and not to join them in a nested loop.
    rows 10000
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _metric text := _decode_vectors.result ->> 'distance_metric';
    _problem text := s3vl._vectors_problem(_decode_vectors.result, _decode_vectors.required);
begin
    if _problem is not null then
        perform s3vl._raise_malformed(_problem, _decode_vectors.result::text);
    end if;
    return query
    select
        v.query_number,
        v.vector_id,
        v.distance,
        case _metric
            -- In decimal, so that a distance of 0.1 leaves 0.9 and not 0.90000000000000002.
            when 'cosine' then (1 - v.distance::numeric)::double precision
            when 'euclidean' then 1 / (1 + v.distance)
        end,
        v.fused_score,
        v.bm25_scores,
        v.embedding,
        v.metadata
    from jsonb_to_recordset(_decode_vectors.result -> 'vectors') as v (
        query_number integer,
        vector_id text,
        distance double precision,
        fused_score double precision,
        bm25_scores jsonb,
        embedding double precision[],
        metadata jsonb
    );
exception
    when data_exception then
        _problem := 'vectors that cannot be read: ' || sqlerrm;
        perform s3vl._raise_malformed(_problem, _decode_vectors.result::text);
end;
$$;

comment on function s3vl._decode_vectors(jsonb, text[]) is
    'Returns the vectors of a result in their order; what was not asked for is null.';

create function s3vl._check_count(rows bigint, expected bigint)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _problem constant text := format(
        '%s vectors where %s were asked for', _check_count.rows, _check_count.expected
    );
begin
    if _check_count.rows > _check_count.expected then
        perform s3vl._raise_malformed(_problem, null);
    end if;
end;
$$;

comment on function s3vl._check_count(bigint, bigint) is
    'Refuses an answer with more vectors than were asked for.';

create function s3vl._check_query_number(query_number integer, queries integer)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _problem text;
begin
    if _check_query_number.query_number not between 1 and _check_query_number.queries then
        _problem := format(
            'a vector for query %s of %s',
            _check_query_number.query_number,
            _check_query_number.queries
        );
        perform s3vl._raise_malformed(_problem, null);
    end if;
end;
$$;

comment on function s3vl._check_query_number(integer, integer) is
    'Refuses a row that belongs to no query of the request.';

create function s3vl._decode_index(result jsonb)
    returns table (
        dimension integer,
        distance_metric text,
        index_mode text,
        non_filterable_keys text[],
        text_keys jsonb
    )
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _problem text;
begin
    if jsonb_typeof(_decode_index.result -> 'index') is distinct from 'object' then
        perform s3vl._raise_malformed('without an index', _decode_index.result::text);
    end if;
    return query
    select i.dimension, i.distance_metric, i.index_mode, i.non_filterable_keys, i.text_keys
    from jsonb_to_record(_decode_index.result -> 'index') as i (
        dimension integer,
        distance_metric text,
        index_mode text,
        non_filterable_keys text[],
        text_keys jsonb
    );
exception
    when data_exception then
        _problem := 'an index that cannot be read: ' || sqlerrm;
        perform s3vl._raise_malformed(_problem, _decode_index.result::text);
end;
$$;

comment on function s3vl._decode_index(jsonb) is
    'Returns what GetIndex says about an index.';

-- What S3 Vectors says about an index (GetIndex), which the registry remembers.

create function s3vl._ask_facts(index s3vl.index_registry)
    returns s3vl.index_registry
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry := _ask_facts.index;
    _request json := json_build_object('index_arn', _index.index_arn);
    _facts record;
begin
    select i.* into _facts from s3vl._ask('describe_index', _request) as p (result)
    cross join lateral s3vl._decode_index(p.result) as i;
    _index.dimension := _facts.dimension;
    _index.distance_metric := _facts.distance_metric;
    _index.index_mode := _facts.index_mode;
    _index.non_filterable_keys := _facts.non_filterable_keys;
    _index.text_keys := _facts.text_keys;
    return _index;
end;
$$;

comment on function s3vl._ask_facts(s3vl.index_registry) is
    'Returns an index with the facts as they are now.';

create function s3vl._remember_facts(index s3vl.index_registry)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    update s3vl.index_registry as r
    set dimension = _remember_facts.index.dimension,
        distance_metric = _remember_facts.index.distance_metric,
        index_mode = _remember_facts.index.index_mode,
        non_filterable_keys = _remember_facts.index.non_filterable_keys,
        text_keys = _remember_facts.index.text_keys,
        updated_at = now()
    where r.index_name = _remember_facts.index.index_name;
end;
$$;

comment on function s3vl._remember_facts(s3vl.index_registry) is
    'Saves the facts about an index in the registry.';

-- What an index can do depends on its mode and on its text keys, and both may change after the
-- index was registered: so a refusal is only given on facts that are fresh. They are not saved
-- from here, as a search takes no locks.

create function s3vl._mode_problem(
    query_mode text,
    metadata_filter jsonb,
    index s3vl.index_registry
)
    returns text
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select case
        when _mode_problem.index.index_mode = 'ENHANCED' and _mode_problem.query_mode = 'CLASSIC'
            then format(
                'query_mode CLASSIC is not possible: index "%s" is ENHANCED',
                _mode_problem.index.index_name
            )
        when _mode_problem.index.index_mode = 'CLASSIC'
            and coalesce(_mode_problem.query_mode, 'CLASSIC') = 'CLASSIC'
            and '$startsWith' in (select s3vl._filter_keys(_mode_problem.metadata_filter))
            then format(
                'metadata_filter uses $startsWith, and index "%s" is CLASSIC',
                _mode_problem.index.index_name
            )
    end
$$;

comment on function s3vl._mode_problem(text, jsonb, s3vl.index_registry) is
    'Says what a search asks for that the mode of the index does not have.';

create function s3vl._check_query_mode(
    query_mode text,
    metadata_filter jsonb,
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry := _check_query_mode.index;
    _problem text;
begin
    if _check_query_mode.query_mode not in ('CLASSIC', 'ENHANCED') then
        raise exception using
            errcode = '22023',
            message = format(
                'query_mode must be CLASSIC or ENHANCED, got "%s"', _check_query_mode.query_mode
            ),
            hint = 'Leave query_mode out to search in the mode of the index.';
    end if;
    if s3vl._mode_problem(
        _check_query_mode.query_mode, _check_query_mode.metadata_filter, _index
    ) is null then
        return;
    end if;
    _problem := s3vl._mode_problem(
        _check_query_mode.query_mode, _check_query_mode.metadata_filter, s3vl._ask_facts(_index)
    );
    if _problem is not null then
        raise exception using
            errcode = '22023',
            message = _problem,
            hint = case _check_query_mode.query_mode
                when 'CLASSIC' then 'Leave query_mode out to search in the mode of the index.'
                else 'Pass query_mode => ''ENHANCED'' for this search.'
            end;
    end if;
end;
$$;

comment on function s3vl._check_query_mode(text, jsonb, s3vl.index_registry) is
    'Refuses a mode that S3 Vectors or the index does not have, and a filter that its mode does '
    'not take.';

create function s3vl._text_search_problem(keys text[], index s3vl.index_registry)
    returns table (errcode text, message text, hint text)
    immutable
    rows 1
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- A key has one configuration, so that it is found at most once.
    select p.errcode, p.message, p.hint
    from unnest(_text_search_problem.keys) with ordinality as k (key, position)
    left join jsonb_path_query(_text_search_problem.index.text_keys, '$[*]') as t (text_key)
        on t.text_key ->> 'metadata_key' = k.key
    cross join lateral (
        values
        (_text_search_problem.index.index_mode = 'CLASSIC', '55000',
            format('index "%s" is CLASSIC, which has no text search',
                _text_search_problem.index.index_name),
            format('Change its mode first: aws s3vectors update-index-mode --index-arn %s '
                '--index-mode ENHANCED', _text_search_problem.index.index_arn)),
        (t.text_key is null and _text_search_problem.index.text_keys is not null, '22023',
            format('query_texts has key "%s", which has no text search in index "%s"',
                k.key, _text_search_problem.index.index_name),
            format('See text_keys of s3vl.describe_index(), or add the key: aws s3vectors '
                'update-metadata-configuration --index-arn %s '
                '--add "textSearchConfigurations=[{metadataKey=%s}]"',
                _text_search_problem.index.index_arn, k.key)),
        (t.text_key ->> 'status' = 'BUILDING', '55000',
            format('text search for key "%s" of index "%s" is still being built',
                k.key, _text_search_problem.index.index_name),
            'Try again later; see status in text_keys of s3vl.describe_index().')
    ) as p (applies, errcode, message, hint)
    where p.applies
    order by k.position
    limit 1
$$;

comment on function s3vl._text_search_problem(text[], s3vl.index_registry) is
    'Says why an index cannot be searched for texts in these keys; no row when it can, or when '
    'that is not known.';

create function s3vl._check_text_search(keys text[], index s3vl.index_registry)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _problem record;
begin
    perform from s3vl._text_search_problem(
        _check_text_search.keys, _check_text_search.index
    );
    if not found then
        return;
    end if;
    select p.*
    into _problem
    from s3vl._text_search_problem(
        _check_text_search.keys, s3vl._ask_facts(_check_text_search.index)
    ) as p;
    if found then
        raise exception using
            errcode = _problem.errcode, message = _problem.message, hint = _problem.hint;
    end if;
end;
$$;

comment on function s3vl._check_text_search(text[], s3vl.index_registry) is
    'Refuses a text search that the index cannot do.';

-- The single checks of s3vl.diagnose(). Each returns a row with status ok, warn or fail.

create function s3vl._check_platform()
    returns table (check_name text, status text, detail text, hint text)
    rows 2
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _function oid := (
        select min(p.oid)
        from pg_proc as p
        where p.pronamespace = to_regnamespace('aws_lambda') and p.proname = 'invoke'
    );
    _failure record;
begin
    if _function is null then
        select f.* into _failure from s3vl._call_failure('42883', '', '', false) as f;
        return query select 'extension aws_lambda', 'fail', _failure.message, _failure.hint;
        return;
    end if;
    return query
    select
        'extension aws_lambda',
        'ok',
        coalesce(
            (
                select 'version ' || e.extversion
                from pg_extension as e
                where e.extname = 'aws_lambda'
            ),
            'the function is there'
        ),
        null::text;
    if has_schema_privilege('aws_lambda', 'usage')
        and has_function_privilege(_function, 'execute')
    then
        return query
        select
            'privilege on aws_lambda', 'ok', format('role %I owns s3vl', current_user), null::text;
        return;
    end if;
    select f.* into _failure from s3vl._call_failure('42501', '', '', false) as f;
    return query select 'privilege on aws_lambda', 'fail', _failure.message, _failure.hint;
end;
$$;

comment on function s3vl._check_platform() is
    'Looks for the extension aws_lambda and the right to use it.';

create function s3vl._check_timeout(config s3vl.config)
    returns table (check_name text, status text, detail text, hint text)
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _before text := s3vl._request_timeout();
    _wanted_ms integer := _check_timeout.config.timeout_seconds * 1000;
    _limit_ms integer := s3vl._limit_request(
        clock_timestamp() + make_interval(secs => _check_timeout.config.timeout_seconds)
    );
begin
    perform s3vl._set_request_timeout(_before);
    return query
    select
        'request timeout',
        case when _limit_ms >= _wanted_ms - 1000 then 'ok' else 'warn' end,
        format(
            'a call has %s of %s seconds; between calls aws_lambda.request_timeout_ms is %s',
            round(_limit_ms / 1000.0),
            _check_timeout.config.timeout_seconds,
            _before
        ),
        case
            when _limit_ms < _wanted_ms - 1000
                then format(
                    'This role may not change it: set it to %s in the parameter group.', _wanted_ms
                )
        end;
end;
$$;

comment on function s3vl._check_timeout(s3vl.config) is
    'Tells which time limit a call really has.';

create function s3vl._check_lambda()
    returns table (check_name text, status text, detail text, hint text)
    rows 2
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _result jsonb;
    _fits boolean;
    _detail text;
    _hint text;
begin
    begin
        select p.result into _result from s3vl._ask('availability_check', '{}') as p (result);
    exception
        when others then
            if not s3vl._is_call_failure(sqlstate) then
                raise;
            end if;
            get stacked diagnostics _detail = pg_exception_detail, _hint = pg_exception_hint;
            return query
            select 'Lambda function', 'fail', s3vl._with_detail(sqlerrm, _detail), _hint;
            return;
    end;
    _fits := _result ->> 'version' = s3vl.version() and _result ->> 'protocol' = '1';
    return query
    values
    ('Lambda function', 'ok', 'it answers, with its real code', null::text),
    (
        'Lambda version',
        case when _fits then 'ok' else 'warn' end,
        format(
            'version %s with protocol %s, s3vl is %s with protocol 1',
            coalesce(_result ->> 'version', 'unknown'),
            coalesce(_result ->> 'protocol', 'unknown'),
            s3vl.version()
        ),
        case when _fits is not true
            then 'Upload the code that belongs to this schema: in lambda/ type ./package.sh, then '
                'aws lambda update-function-code '
                '--function-name <name> --zip-file fileb://build/s3vl-lambda.zip'
        end
    );
end;
$$;

comment on function s3vl._check_lambda() is
    'Asks the Lambda function whether it is there, is no placeholder, and fits this schema.';

create function s3vl._check_index(index s3vl.index_registry)
    returns table (check_name text, status text, detail text, hint text)
    rows 1
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _name text := format('index "%s"', _check_index.index.index_name);
    _index s3vl.index_registry;
    _detail text;
    _hint text;
begin
    perform s3vl._check_active(_check_index.index);
    _index := s3vl._ask_facts(_check_index.index);
    return query
    select
        _name,
        'ok',
        concat_ws(
            ', ', _index.index_mode, _index.dimension || ' dimensions', _index.distance_metric
        ),
        null::text;
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

comment on function s3vl._check_index(s3vl.index_registry) is
    'Asks S3 Vectors about a registered index.';


-- Public: which Lambda function to call
-- Which Lambda function to call: save it, try it, show it.

create function s3vl._check_connection()
    returns table (failure text, hint text, response_time_ms integer)
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _failure text;
    _detail text;
    _hint text;
begin
    begin
        perform from s3vl._ask('availability_check', '{}');
    exception
        when others then
            if not s3vl._is_call_failure(sqlstate) then
                raise;
            end if;
            get stacked diagnostics
                _failure = message_text, _detail = pg_exception_detail, _hint = pg_exception_hint;
            _failure := s3vl._with_detail(_failure, _detail);
    end;
    -- A reader instance and a read-only transaction can ask too; they keep nothing.
    if not current_setting('transaction_read_only')::boolean then
        update s3vl.config
        set last_validated_at = clock_timestamp(),
            last_validation_status = coalesce('failed: ' || _failure, 'ok');
    end if;
    return query
    select
        _failure,
        _hint,
        round(extract(epoch from clock_timestamp() - _started) * 1000)::integer;
end;
$$;

comment on function s3vl._check_connection() is
    'Asks the Lambda function whether it is there; failure is null when it is.';

create function s3vl.configure(
    lambda_arn text,
    aws_region text default null,
    timeout_seconds integer default 30
)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _pattern constant text := '^function:[A-Za-z0-9_-]+(:([$]LATEST|[A-Za-z0-9_-]+))?$';
    _example constant text :=
        'arn:aws:lambda:<region>:<account>:function:<name>, and :<alias> when there is one';
    _region text := split_part(configure.lambda_arn, ':', 4);
    _check record;
begin
    perform s3vl._check_arn('lambda_arn', configure.lambda_arn, 'lambda', _pattern, _example);
    if configure.aws_region <> _region then
        raise exception using
            errcode = '22023',
            message = format(
                'aws_region "%s" contradicts lambda_arn, whose region is "%s"',
                configure.aws_region,
                _region
            ),
            hint = 'Leave aws_region out: the ARN says it.';
    end if;
    perform s3vl._check_range('timeout_seconds', configure.timeout_seconds, 1, 900);
    insert into s3vl.config as c (lambda_arn, aws_region, timeout_seconds)
    values (configure.lambda_arn, _region, configure.timeout_seconds)
    on conflict on constraint config_pkey do update
    set lambda_arn = excluded.lambda_arn,
        aws_region = excluded.aws_region,
        timeout_seconds = excluded.timeout_seconds,
        updated_at = excluded.updated_at;
    select *
    into _check
    from s3vl._check_connection();
    if _check.failure is not null then
        perform s3vl._warn(
            'the configuration is saved, but the Lambda function does not work yet',
            _check.failure,
            _check.hint
        );
    end if;
    return true;
end;
$$;

comment on function s3vl.configure(text, text, integer) is
    'Saves which Lambda function s3vl calls, then tries it; a function that does not work yet is '
    'saved with a warning. Returns true. lambda_arn may end with an alias or a version. '
    'aws_region is that of the ARN and can be left out. timeout_seconds, 1 to 900, is the limit '
    'of one SQL call. Raises 22023 for an argument that cannot be.';

create function s3vl.validate_config()
    returns table (
        is_valid boolean,
        lambda_arn text,
        aws_region text,
        error_message text,
        response_time_ms integer
    )
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        k.failure is null,
        c.lambda_arn,
        c.aws_region,
        k.failure || '. ' || k.hint,
        k.response_time_ms
    from s3vl._check_connection() as k
    left join s3vl.config as c on true;
end;
$$;

comment on function s3vl.validate_config() is
    'Calls the Lambda function and tells whether it answers. Always one row: error_message says '
    'what is wrong and what to do, response_time_ms how long the call took. The outcome is kept '
    'for s3vl.get_config(), except in a read-only transaction.';

create function s3vl.get_config()
    returns table (
        lambda_arn text,
        aws_region text,
        timeout_seconds integer,
        created_at timestamptz,
        updated_at timestamptz,
        config_age_hours numeric,
        last_validation_status text
    )
    stable
    parallel unsafe
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        c.lambda_arn,
        c.aws_region,
        c.timeout_seconds,
        c.created_at,
        c.updated_at,
        round(extract(epoch from now() - c.updated_at) / 3600, 2),
        c.last_validation_status
    from s3vl.config as c;
end;
$$;

comment on function s3vl.get_config() is
    'Shows the configuration: one row, or none before s3vl.configure(). config_age_hours is the '
    'time since updated_at. last_validation_status is what s3vl.validate_config() found last. No '
    'Lambda call.';


-- Public: names for indexes
-- Names for indexes. A registered name is what people type, and what roles without the owner's
-- rights may use at all.

create function s3vl.register_index(
    index_name text,
    index_arn text,
    description text default null
)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _problem text;
    _detail text;
    _hint text;
begin
    perform s3vl._check_index_name(register_index.index_name);
    perform s3vl._check_index_arn(register_index.index_arn);
    -- Nothing that was known about the index before may outlive the new ARN.
    delete from s3vl.index_registry as r
    where r.index_name = register_index.index_name
        and r.index_arn <> register_index.index_arn;
    insert into s3vl.index_registry as r (index_name, index_arn, description)
    values (register_index.index_name, register_index.index_arn, register_index.description)
    on conflict on constraint index_registry_pkey do update
    set description = coalesce(excluded.description, r.description),
        is_active = true,
        updated_at = excluded.updated_at;
    begin
        perform s3vl._remember_facts(
            s3vl._ask_facts(s3vl._registered_index(register_index.index_name))
        );
    exception
        when others then
            if not s3vl._is_call_failure(sqlstate) then
                raise;
            end if;
            get stacked diagnostics _detail = pg_exception_detail, _hint = pg_exception_hint;
            _problem := case sqlstate
                when 'S3V06' then 'S3 Vectors does not have it'
                else 'S3 Vectors could not be asked about it'
            end;
            perform s3vl._warn(
                format('index "%s" is registered, but %s', register_index.index_name, _problem),
                s3vl._with_detail(sqlerrm, _detail),
                rtrim(_hint, '.;') || '; then register it again: only then are its dimension and '
                'mode known here, and checked before a call.'
            );
    end;
    return true;
end;
$$;

comment on function s3vl.register_index(text, text, text) is
    'Gives an S3 Vectors index a name, or a name another index, and makes it active; returns '
    'true. index_name is 1 to 128 characters without control characters. Without description the '
    'index keeps the one that it has. Asks GetIndex for dimension, metric and mode; when that '
    'fails the index is registered all the same, with a warning, and is checked less before calls '
    'until it is registered again or described. Raises 22023 for a malformed name or ARN.';

create function s3vl.resolve_index_arn(name text)
    returns text
    stable
    parallel unsafe
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry := s3vl._registered_index(resolve_index_arn.name);
begin
    return _index.index_arn;
end;
$$;

comment on function s3vl.resolve_index_arn(text) is
    'Returns the ARN of a registered index. Raises 42704 for an unknown name and 55000 for an '
    'inactive index. No Lambda call.';

create function s3vl._set_active(index_name text, is_active boolean)
    returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    update s3vl.index_registry as r
    set is_active = _set_active.is_active,
        updated_at = now()
    where r.index_name = _set_active.index_name;
    if not found then
        perform s3vl._raise_unknown_index(_set_active.index_name);
    end if;
    return true;
end;
$$;

comment on function s3vl._set_active(text, boolean) is
    'Opens or closes an index, or raises 42704.';

create function s3vl.activate_index(name text)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return s3vl._set_active(activate_index.name, true);
end;
$$;

comment on function s3vl.activate_index(text) is
    'Makes a deactivated index usable again; returns true. Raises 42704 for an unknown name.';

create function s3vl.deactivate_index(name text)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return s3vl._set_active(deactivate_index.name, false);
end;
$$;

comment on function s3vl.deactivate_index(text) is
    'Stops the use of an index, by name and by ARN, without forgetting it; returns true. The '
    'vectors stay where they are. Raises 42704 for an unknown name.';

create function s3vl.unregister_index(name text)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    delete from s3vl.index_registry as r
    where r.index_name = unregister_index.name;
    if not found then
        perform s3vl._raise_unknown_index(unregister_index.name);
    end if;
    return true;
end;
$$;

comment on function s3vl.unregister_index(text) is
    'Forgets the name of an index; returns true. The index and its vectors stay where they are. '
    'Raises 42704 for an unknown name.';

-- What is registered. Local look-ups: no Lambda call.

create function s3vl.list_indexes()
    returns table (
        index_name text,
        index_arn text,
        description text,
        bucket_name text,
        region text,
        account_id text,
        created_at timestamptz,
        updated_at timestamptz,
        is_active boolean
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        r.index_name,
        r.index_arn,
        r.description,
        r.bucket_name,
        r.region,
        r.account_id,
        r.created_at,
        r.updated_at,
        r.is_active
    from s3vl.index_registry as r
    order by r.index_name;
end;
$$;

comment on function s3vl.list_indexes() is
    'Lists the registered indexes by name, inactive ones too. No Lambda call.';

create function s3vl.get_index_info(name text)
    returns table (
        index_name text,
        index_arn text,
        description text,
        bucket_name text,
        region text,
        account_id text,
        created_at timestamptz,
        updated_at timestamptz,
        is_active boolean
    )
    stable
    parallel unsafe
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select i.*
    from s3vl.list_indexes() as i
    where i.index_name = get_index_info.name;
    if not found then
        perform s3vl._raise_unknown_index(get_index_info.name);
    end if;
end;
$$;

comment on function s3vl.get_index_info(text) is
    'Shows one registered index, active or not. Raises 42704 for an unknown name. No Lambda call.';

-- What an index is now.

create function s3vl.describe_index(name text)
    returns table (
        index_name text,
        index_arn text,
        description text,
        bucket_name text,
        region text,
        account_id text,
        created_at timestamptz,
        updated_at timestamptz,
        is_active boolean,
        dimension integer,
        distance_metric text,
        index_mode text,
        non_filterable_keys text[],
        text_keys jsonb
    )
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
begin
    _index := s3vl._ask_facts(s3vl._registered_index(describe_index.name));
    -- A reader instance and a read-only transaction can ask too; they keep nothing.
    if not current_setting('transaction_read_only')::boolean then
        perform s3vl._remember_facts(_index);
    end if;
    return query
    select
        i.*,
        _index.dimension,
        _index.distance_metric,
        _index.index_mode,
        _index.non_filterable_keys,
        _index.text_keys
    from s3vl.get_index_info(describe_index.name) as i;
end;
$$;

comment on function s3vl.describe_index(text) is
    'Asks S3 Vectors what a registered index is (GetIndex) and shows it, with what is registered. '
    'The facts are remembered, and used to refuse early what the index cannot do; not in a '
    'read-only transaction. index_mode is CLASSIC or ENHANCED, or null when the service does not '
    'say; text_keys are the metadata keys with text search, each with language and status. Raises '
    '42704, 55000 and S3V01 to S3V06.';


-- Public: reading vectors
-- Search with a vector.

create function s3vl.query_vectors(
    query_vector double precision[],
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    return_metadata boolean default true,
    metadata_filter jsonb default null,
    query_mode text default null
)
    returns table (
        vector_id text,
        distance double precision,
        similarity_score double precision,
        metadata jsonb
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
    _request json;
    _rows bigint;
begin
    _index := s3vl._find_index(query_vectors.index_name, query_vectors.index_arn);
    perform s3vl._check_range('top_k', query_vectors.top_k, 1, 10000);
    perform s3vl._check_boolean('return_metadata', query_vectors.return_metadata);
    perform s3vl._check_filter(query_vectors.metadata_filter, _index);
    perform s3vl._check_query_mode(
        query_vectors.query_mode, query_vectors.metadata_filter, _index
    );
    _request := json_build_object(
        'index_arn', _index.index_arn,
        'query_vector', s3vl._encode_vector('query_vector', query_vectors.query_vector, _index),
        'top_k', query_vectors.top_k,
        'return_metadata', query_vectors.return_metadata,
        'metadata_filter', query_vectors.metadata_filter,
        'query_mode', query_vectors.query_mode
    );
    return query
    select v.vector_id, v.distance, v.similarity_score, v.metadata
    from s3vl._ask('query_vectors', _request) as p (result)
    cross join lateral s3vl._decode_vectors(p.result, '{vector_id,distance}') as v;
    get diagnostics _rows = row_count;
    perform s3vl._check_count(_rows, query_vectors.top_k);
end;
$$;

comment on function s3vl.query_vectors(
    double precision[], text, text, integer, boolean, jsonb, text
) is
    'Finds the vectors nearest to a vector, nearest first (QueryVectors). Give index_name or '
    'index_arn. top_k is 1 to 10000; fewer rows come when fewer match. metadata_filter is in the '
    'filter language of S3 Vectors. query_mode is CLASSIC or ENHANCED, and that of the index when '
    'left out. distance is what the service says (euclidean: the square); similarity_score is 1 - '
    'distance for cosine, -1 to 1, and 1 / (1 + distance) for euclidean, 0 to 1. metadata is null '
    'with return_metadata => false. Raises 22023, 42501, 42704, 55000 and S3V01 to S3V06.';

-- Search with many vectors at a time.

create function s3vl.query_vectors_batch(
    query_vectors double precision[],
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    return_metadata boolean default true,
    metadata_filter jsonb default null,
    query_mode text default null
)
    returns table (
        query_number integer,
        vector_id text,
        distance double precision,
        similarity_score double precision,
        metadata jsonb
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _index s3vl.index_registry;
    _vectors json[];
    _chunk record;
    _request json;
    _before integer;
    _queries integer;
    _rows bigint;
begin
    _index := s3vl._find_index(query_vectors_batch.index_name, query_vectors_batch.index_arn);
    perform s3vl._check_range('top_k', query_vectors_batch.top_k, 1, 10000);
    perform s3vl._check_boolean('return_metadata', query_vectors_batch.return_metadata);
    perform s3vl._check_filter(query_vectors_batch.metadata_filter, _index);
    _vectors := s3vl._encode_vectors('query_vectors', query_vectors_batch.query_vectors, _index);
    perform s3vl._check_query_mode(
        query_vectors_batch.query_mode, query_vectors_batch.metadata_filter, _index
    );
    -- One call, unless so many vectors are too much for one request.
    for _chunk in select c.* from s3vl._chunks(_vectors) as c loop
        _before := _chunk.first_position - 1;
        _queries := _chunk.last_position - _before;
        _request := json_build_object(
            'index_arn', _index.index_arn,
            'query_vectors', _chunk.chunk,
            'top_k', query_vectors_batch.top_k,
            'return_metadata', query_vectors_batch.return_metadata,
            'metadata_filter', query_vectors_batch.metadata_filter,
            'query_mode', query_vectors_batch.query_mode
        );
        return query
        select _before + v.query_number, v.vector_id, v.distance, v.similarity_score, v.metadata
        from s3vl._ask('query_vectors_batch', _request, _started) as p (result)
        cross join lateral s3vl._decode_vectors(p.result, '{query_number,vector_id,distance}') as v
        cross join lateral s3vl._check_query_number(v.query_number, _queries);
        get diagnostics _rows = row_count;
        perform s3vl._check_count(_rows, query_vectors_batch.top_k::bigint * _queries);
    end loop;
end;
$$;

comment on function s3vl.query_vectors_batch(
    double precision[], text, text, integer, boolean, jsonb, text
) is
    'Finds the vectors nearest to each of up to 1000 vectors, in one call of the Lambda function. '
    'query_vectors is a two-dimensional array, one row a vector; query_number, from 1, says which '
    'of them a row belongs to. Rows come by query_number, nearest first. The other arguments and '
    'columns are those of s3vl.query_vectors(), and top_k counts for each vector. Raises 22023, '
    '42501, 42704, 55000 and S3V01 to S3V06.';

-- Search for texts, alone or together with a vector.

create function s3vl.query_hybrid(
    query_texts jsonb,
    query_vector double precision[] default null,
    index_name text default null,
    index_arn text default null,
    top_k integer default 10,
    return_metadata boolean default true,
    metadata_filter jsonb default null
)
    returns table (
        vector_id text,
        rank integer,
        fused_score double precision,
        bm25_scores jsonb,
        distance double precision,
        metadata jsonb
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
    _vector json;
    _keys text[];
    _request json;
    _rows bigint;
begin
    _index := s3vl._find_index(query_hybrid.index_name, query_hybrid.index_arn);
    perform s3vl._check_texts(query_hybrid.query_texts);
    perform s3vl._check_range('top_k', query_hybrid.top_k, 1, 10000);
    perform s3vl._check_boolean('return_metadata', query_hybrid.return_metadata);
    perform s3vl._check_filter(query_hybrid.metadata_filter, _index);
    if query_hybrid.query_vector is not null then
        _vector := s3vl._encode_vector('query_vector', query_hybrid.query_vector, _index);
    end if;
    _keys := array(select k.key from jsonb_object_keys(query_hybrid.query_texts) as k (key));
    perform s3vl._check_text_search(_keys, _index);
    _request := json_build_object(
        'index_arn', _index.index_arn,
        'query_texts', query_hybrid.query_texts,
        'query_vector', _vector,
        'top_k', query_hybrid.top_k,
        'return_metadata', query_hybrid.return_metadata,
        'metadata_filter', query_hybrid.metadata_filter
    );
    return query
    select v.vector_id, (row_number() over ())::integer, v.fused_score, v.bm25_scores,
        v.distance, v.metadata
    from s3vl._ask('query_hybrid', _request) as p (result)
    cross join lateral s3vl._decode_vectors(p.result, '{vector_id}') as v;
    get diagnostics _rows = row_count;
    perform s3vl._check_count(_rows, query_hybrid.top_k);
end;
$$;

comment on function s3vl.query_hybrid(
    jsonb, double precision[], text, text, integer, boolean, jsonb
) is
    'Finds what matches texts best, and is nearest to a vector when one is given (QueryVectors '
    'with queryTexts). query_texts says which metadata key to search for which text, for example '
    '{"title": "red shoes"}: 1 to 10 keys with text search, texts of 1 to 1024 characters. Give '
    'index_name or index_arn; the index has to be ENHANCED. Rows come best first, as rank says. '
    'bm25_scores holds the keys that matched; fused_score is there with a vector, and distance '
    'where the vector search found the row. Raises 22023, 42501, 42704, 55000 and S3V01 to S3V06.';

-- Vectors by id, and page by page.

create function s3vl.get_vectors(
    vector_ids text[],
    index_name text default null,
    index_arn text default null,
    include_vector_data boolean default true,
    include_metadata boolean default true
)
    returns table (
        vector_id text,
        embedding double precision[],
        metadata jsonb,
        found boolean
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _index s3vl.index_registry;
    _ids text[];
    _chunk record;
    _request json;
    _asked text[];
    _required constant text[] := case
        when get_vectors.include_vector_data then '{vector_id,embedding}' else '{vector_id}'
    end;
    _rows bigint;
begin
    _index := s3vl._find_index(get_vectors.index_name, get_vectors.index_arn);
    _ids := s3vl._distinct_ids(get_vectors.vector_ids);
    perform s3vl._check_boolean('include_vector_data', get_vectors.include_vector_data);
    perform s3vl._check_boolean('include_metadata', get_vectors.include_metadata);
    for _chunk in select c.* from s3vl._chunks(s3vl._encode_ids(_ids)) as c loop
        _request := json_build_object(
            'index_arn', _index.index_arn,
            'vector_ids', _chunk.chunk,
            'include_vector_data', get_vectors.include_vector_data,
            'include_metadata', get_vectors.include_metadata
        );
        _asked := _ids[_chunk.first_position:_chunk.last_position];
        return query
        select i.vector_id, v.embedding, v.metadata, v.vector_id is not null
        from unnest(_asked collate "C") with ordinality as i (vector_id, position)
        left join (s3vl._ask('get_vectors', _request, _started) as p (result)
            cross join lateral s3vl._decode_vectors(p.result, _required) as v) using (vector_id)
        order by i.position;
        get diagnostics _rows = row_count;
        perform s3vl._check_count(_rows, cardinality(_asked));
    end loop;
end;
$$;

comment on function s3vl.get_vectors(text[], text, text, boolean, boolean) is
    'Returns vectors by id: one row for each distinct id, in the order asked (GetVectors). Give '
    'index_name or index_arn. Any number of ids, each 1 to 1024 bytes. found is false for an id '
    'that the index does not have. embedding and metadata are null when not included. Raises '
    '22023, 42501, 42704, 55000 and S3V01 to S3V06.';

create function s3vl.list_vectors(
    index_arn text default null,
    index_name text default null,
    max_results integer default 100,
    next_token text default null,
    return_data boolean default false,
    return_metadata boolean default true,
    segment_count integer default null,
    segment_index integer default null
)
    returns table (
        vector_id text,
        vector_data double precision[],
        metadata jsonb,
        response_next_token text,
        total_count integer
    )
    stable
    parallel unsafe
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _index s3vl.index_registry;
    _request json;
    _parts jsonb[];
    _required constant text[] := case
        when list_vectors.return_data then '{vector_id,embedding}' else '{vector_id}'
    end;
    _next_token text;
    _rows bigint;
begin
    _index := s3vl._find_index(list_vectors.index_name, list_vectors.index_arn);
    perform s3vl._check_range('max_results', list_vectors.max_results, 1, 1000);
    perform s3vl._check_boolean('return_data', list_vectors.return_data);
    perform s3vl._check_boolean('return_metadata', list_vectors.return_metadata);
    perform s3vl._check_next_token(list_vectors.next_token);
    perform s3vl._check_segment(list_vectors.segment_count, list_vectors.segment_index);
    _request := json_build_object(
        'index_arn', _index.index_arn,
        'max_results', list_vectors.max_results,
        'next_token', list_vectors.next_token,
        'return_data', list_vectors.return_data,
        'return_metadata', list_vectors.return_metadata,
        'segment_count', list_vectors.segment_count,
        'segment_index', list_vectors.segment_index
    );
    _parts := array(select s3vl._ask('list_vectors', _request));
    -- Where the page ends is known to its last part.
    _next_token := _parts[cardinality(_parts)] ->> 'next_token';
    return query
    select v.vector_id, v.embedding, v.metadata, _next_token, (count(*) over ())::integer
    from unnest(_parts) as p (result)
    cross join lateral s3vl._decode_vectors(p.result, _required) as v;
    get diagnostics _rows = row_count;
    perform s3vl._check_count(_rows, list_vectors.max_results);
    if _rows = 0 and _next_token is not null then
        -- The token would have no row to stand on, and the vectors behind it would seem not to
        -- exist.
        perform s3vl._raise_malformed('an empty page that is not the last', _parts::text);
    end if;
end;
$$;

comment on function s3vl.list_vectors(
    text, text, integer, text, boolean, boolean, integer, integer
) is
    'Lists the vectors of an index in no particular order, a page at a time (ListVectors). Give '
    'index_arn or index_name. max_results is 1 to 1000. Pass response_next_token, which stands on '
    'every row, as next_token to get the next page; null means that this was the last, and no row '
    'that there is none. total_count is the number of rows of this page. For parallel scans give '
    'segment_count, 1 to 16, and segment_index, from 0. Raises 22023, 42501, 42704, 55000 and '
    'S3V01 to S3V06.';


-- Public: writing vectors
-- Writing vectors. What is written stays written: S3 Vectors knows no transaction, so a rollback
-- does not take it back. Both calls can be repeated without harm.

create function s3vl._encode_records(vectors s3vl.vector_record[])
    returns json[]
    stable
    language sql
    set search_path = pg_catalog, pg_temp
    -- A session that shows fewer digits must not write other vectors.
    set extra_float_digits = 1
as $$
    select array(
        select case
            when v.metadata is null
                then json_build_object('vector_id', v.vector_id, 'embedding', v.embedding)
            else json_build_object(
                'vector_id', v.vector_id, 'embedding', v.embedding, 'metadata', v.metadata
            )
        end
        from unnest(_encode_records.vectors)
            with ordinality as v (vector_id, embedding, metadata, position)
        order by v.position
    )
$$;

comment on function s3vl._encode_records(s3vl.vector_record[]) is
    'Returns each record as JSON.';

create function s3vl.put_vectors(
    vectors s3vl.vector_record[],
    index_name text default null,
    index_arn text default null
)
    returns integer
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _index s3vl.index_registry;
begin
    _index := s3vl._find_index(put_vectors.index_name, put_vectors.index_arn);
    perform s3vl._check_records(put_vectors.vectors, _index);
    return s3vl._write(
        'put_vectors',
        _index.index_arn,
        'vectors',
        s3vl._encode_records(put_vectors.vectors),
        'written',
        _started
    );
end;
$$;

comment on function s3vl.put_vectors(s3vl.vector_record[], text, text) is
    'Writes vectors, new ones and ones that replace those of the same id (PutVectors); returns how '
    'many. Give index_name or index_arn. vectors is what array_agg((id, embedding, '
    'metadata)::s3vl.vector_record) makes of a table. Everything is checked before anything is '
    'sent; when a call fails half-way, DETAIL says which array positions were written. What is '
    'written is not rolled back, and writing again does no harm. Raises 22023, 42501, 42704, 55000 '
    'and S3V01 to S3V06.';

create function s3vl.delete_vectors(
    vector_ids text[],
    index_name text default null,
    index_arn text default null
)
    returns integer
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _started timestamptz := clock_timestamp();
    _index s3vl.index_registry;
    _ids text[];
begin
    _index := s3vl._find_index(delete_vectors.index_name, delete_vectors.index_arn);
    _ids := s3vl._distinct_ids(delete_vectors.vector_ids);
    return s3vl._write(
        'delete_vectors',
        _index.index_arn,
        'vector_ids',
        s3vl._encode_ids(_ids),
        'deleted',
        _started
    );
end;
$$;

comment on function s3vl.delete_vectors(text[], text, text) is
    'Deletes vectors by id (DeleteVectors); returns how many distinct ids were given, also those '
    'that the index did not have. Give index_name or index_arn. When a call fails half-way, DETAIL '
    'says which positions among the distinct ids were deleted. What is deleted is not rolled back. '
    'Raises 22023, 42501, 42704, 55000 and S3V01 to S3V06.';


-- Public: operating
-- What the last call has cost.

create function s3vl.last_call()
    returns table (
        operation text,
        request_id text,
        total_ms double precision,
        lambda_ms double precision,
        api_calls integer,
        pages integer,
        bytes_out integer,
        bytes_in integer,
        cold_start boolean
    )
    stable
    parallel unsafe
    rows 1
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        n.operation,
        n.request_id,
        n.total_ms,
        n.lambda_ms,
        n.api_calls,
        n.pages,
        n.bytes_out,
        n.bytes_in,
        n.cold_start
    from jsonb_to_record(s3vl._noted_call()) as n (
        operation text,
        request_id text,
        total_ms double precision,
        lambda_ms double precision,
        api_calls integer,
        pages integer,
        bytes_out integer,
        bytes_in integer,
        cold_start boolean
    )
    where n.operation is not null;
end;
$$;

comment on function s3vl.last_call() is
    'Tells what the last successful call of this session has cost; no row before there was one. '
    'total_ms is the time of all, lambda_ms that inside of the Lambda function, api_calls the '
    'calls to S3 Vectors, pages the parts that the answer came in, bytes_out and bytes_in what was '
    'sent and received. request_id finds the call in the log of the function. No Lambda call.';

-- What works and what does not, from the extension to each index.

create function s3vl.diagnose()
    returns table (check_name text, status text, detail text, hint text)
    rows 10
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _config s3vl.config;
begin
    return query select c.* from s3vl._check_platform() as c;
    select c.* into _config from s3vl.config as c;
    if not found then
        return query
        values
        (
            'configuration',
            'fail',
            's3vl is not configured',
            'Type: select s3vl.configure(''<Lambda ARN>'');'
        );
        return;
    end if;
    return query
    select
        'configuration',
        'ok',
        concat_ws(
            ', ',
            _config.lambda_arn,
            _config.timeout_seconds || ' seconds',
            'validated ' || _config.last_validated_at || ': ' || _config.last_validation_status
        ),
        null::text;
    return query select c.* from s3vl._check_timeout(_config) as c;
    return query select c.* from s3vl._check_lambda() as c;
    return query
    select c.*
    from (select r.* from s3vl.index_registry as r order by r.index_name) as r
    cross join lateral s3vl._check_index(r) as c;
end;
$$;

comment on function s3vl.diagnose() is
    'Checks what s3vl needs, one row each: the extension aws_lambda and the right to use it, the '
    'configuration with its last validation, the time limit in force, whether the Lambda function '
    'answers with its real code and fits this schema, and each registered index. status is ok, '
    'warn or fail, and hint says what to do. Nothing remote makes it fail, and nothing is saved. '
    'Calls the Lambda function once, and once for each active index.';

-- Access for roles: reader, writer or admin, by grants of PostgreSQL on functions and nothing else.
-- No role needs a right on the tables or on aws_lambda. This is the only file with dynamic SQL:
-- GRANT takes no parameters, so names are quoted by format.

create function s3vl._check_role(role_name name)
    returns void
    stable
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _role oid := (select r.oid from pg_roles as r where r.rolname = _check_role.role_name);
begin
    if _check_role.role_name = 'public' then
        raise exception using
            errcode = '22023',
            message = 'role_name is public, which is everybody',
            hint = 'Name a role; a group role can stand for many.';
    end if;
    if _role is null then
        raise exception using
            errcode = '42704',
            message = format(
                'role %s does not exist', coalesce('"' || _check_role.role_name || '"', 'null')
            ),
            hint = 'See the roles with \du, or create it: create role <name> login;';
    end if;
    if _role = (select n.nspowner from pg_namespace as n where n.nspname = 's3vl') then
        raise exception using
            errcode = '22023',
            message = format('role "%s" owns s3vl, and has all rights', _check_role.role_name),
            hint = 'Name another role.';
    end if;
end;
$$;

comment on function s3vl._check_role(name) is
    'Refuses a role that does not exist, everybody, and the owner.';

create function s3vl._revoke_all(role_name name)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- PostgreSQL lets no two sessions change the rights on one thing at the same time: the second
    -- would fail with "tuple concurrently updated". So it waits here.
    perform pg_advisory_xact_lock('pg_namespace'::regclass::integer, 's3vl'::regnamespace::integer);
    execute format(
        'revoke all on all functions in schema s3vl from %1$I; '
        'revoke all on all tables in schema s3vl from %1$I; '
        'revoke all on schema s3vl from %1$I',
        _revoke_all.role_name
    );
end;
$$;

comment on function s3vl._revoke_all(name) is
    'Takes every right on s3vl from a role.';

create function s3vl.grant_access(role_name name, access_level text)
    returns void
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _functions text := s3vl._granted_functions(grant_access.access_level);
begin
    perform s3vl._check_role(grant_access.role_name);
    if _functions is null then
        raise exception using
            errcode = '22023',
            message = format(
                'access_level must be reader, writer or admin, got %s',
                coalesce('"' || grant_access.access_level || '"', 'null')
            ),
            hint = 'A reader searches, a writer also puts and deletes vectors, an admin may all.';
    end if;
    -- A role has one level: what it had before is replaced.
    perform s3vl._revoke_all(grant_access.role_name);
    execute format('grant usage on schema s3vl to %I', grant_access.role_name);
    execute format('grant execute on function %s to %I', _functions, grant_access.role_name);
end;
$$;

comment on function s3vl.grant_access(name, text) is
    'Gives a role access to s3vl, instead of what it had before. access_level is reader (search '
    'and look), writer (also put_vectors and delete_vectors) or admin (everything, and indexes '
    'that are not registered). Raises 42704 for an unknown role and 22023 for another level.';

create function s3vl.revoke_access(role_name name)
    returns void
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform s3vl._check_role(revoke_access.role_name);
    perform s3vl._revoke_all(revoke_access.role_name);
end;
$$;

comment on function s3vl.revoke_access(name) is
    'Takes all access to s3vl from a role; what it has as a member of another role stays. Raises '
    '42704 for an unknown role.';


-- Who may do what: last, because it speaks about everything above
-- Who may do what. PostgreSQL lets everybody execute a new function; s3vl lets nobody but its
-- owner.
revoke all on schema s3vl from public;
revoke all on all tables in schema s3vl from public;
revoke all on all functions in schema s3vl from public;


-- Rows that pg_dump takes along.
select pg_catalog.pg_extension_config_dump('s3vl.config', '');
select pg_catalog.pg_extension_config_dump('s3vl.index_registry', '');
