-- A procedure that commits has to be called by itself.

create or replace procedure s3vl._commit_alone(in procedure_name text)
    language plpgsql
as $$
begin
    -- To try it is the only way to know. Outside of a transaction the message is another one: that
    -- a block with an exception handler cannot commit.
    begin
        commit;
    exception
        when invalid_transaction_termination then
            if sqlerrm operator(pg_catalog.=) 'invalid transaction termination' then
                raise exception using
                    errcode = '25001',
                    message = pg_catalog.format(
                        '%s commits, and cannot run inside of a transaction', procedure_name
                    ),
                    hint = pg_catalog.format(
                        'Call it by itself, with autocommit on: call %s;', procedure_name
                    );
            end if;
    end;
end;
$$;

comment on procedure s3vl._commit_alone is
    'Refuses to go on inside of a transaction.';
