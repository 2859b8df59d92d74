-- Removes s3vl: configuration, registered names, and whatever was built on it, such as views. The
-- vectors in S3 Vectors stay, and so does the extension aws_lambda, which others may use. In an
-- open transaction this is a part of it. After an error psql reads no further: in a session type
-- `\set QUIET off` to see command tags again.
\set s3vl_on_error_stop :ON_ERROR_STOP
\set s3vl_quiet :QUIET
\set ON_ERROR_STOP on
\set QUIET on

do $$
begin
    -- Otherwise every single function is told.
    set local client_min_messages = warning;
    drop schema s3vl cascade;
end;
$$;
\echo s3vl is removed.

\set ON_ERROR_STOP :s3vl_on_error_stop
\set QUIET :s3vl_quiet
\unset s3vl_on_error_stop
\unset s3vl_quiet
