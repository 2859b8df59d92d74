-- Calls that Lambda throttled. They were not run, so that repeating them is safe whatever they do;
-- nothing else is repeated from here, as the function itself retries what S3 Vectors throttles.

create or replace function s3vl._wait_to_retry(attempts integer, deadline timestamptz)
    returns boolean
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- Exponential, with full jitter: sessions that were throttled together do not come back so.
    _seconds constant double precision := random() * 0.05 * 2 ^ (_wait_to_retry.attempts - 1);
    _seconds_left constant double precision := extract(
        epoch from _wait_to_retry.deadline - clock_timestamp()
    )::double precision;
begin
    -- The call still needs time to run in: cut short, it would be told as a timeout.
    if _wait_to_retry.attempts >= 8 or _seconds_left - _seconds < greatest(_seconds, 0.1) then
        return false;
    end if;
    perform pg_sleep(_seconds);
    return true;
end;
$$;

comment on function s3vl._wait_to_retry(integer, timestamptz) is
    'Waits after so many attempts that were throttled, and returns whether to try again.';
