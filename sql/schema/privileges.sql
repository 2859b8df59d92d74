-- Who may do what. PostgreSQL lets everybody execute a new function; s3vl lets nobody but its
-- owner.
revoke all on schema s3vl from public;
revoke all on all tables in schema s3vl from public;
revoke all on all functions in schema s3vl from public;
