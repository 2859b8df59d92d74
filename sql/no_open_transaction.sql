-- Stops a script that runs in a transaction of its own where one is open. Its caller has set
-- ON_ERROR_STOP.
-- A transaction begins with its first statement, so that it is older where one is open already.
-- (Functions and not operators, which the search_path of the session may have replaced.)
select
    pg_catalog.timestamptz_lt(
        pg_catalog.now(), pg_catalog.statement_timestamp()
    ) as s3vl_transaction_is_open
\gset
\if :s3vl_transaction_is_open
\warn A transaction is open, and s3vl changes in one of its own. Type commit; or rollback; first,
\warn and turn AUTOCOMMIT on if it is off.
-- Stops psql without an error of the server, which would end the open transaction.
select where false
\gset
\endif
\unset s3vl_transaction_is_open
