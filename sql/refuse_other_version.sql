-- Stops an upgrade where s3vl @from@ is not, or is an extension.
do $$
declare
    _owner oid := (select n.nspowner from pg_namespace as n where n.nspname = 's3vl');
    _version text;
begin
    if exists (select from pg_extension as e where e.extname = 's3vl') then
        raise exception 's3vl is an extension here, not installed with psql'
            using errcode = 'wrong_object_type',
            detail = 'Nothing was changed.',
            hint = 'Type: alter extension s3vl update;';
    end if;
    -- Read and not run: whoever may create a schema could have put code in wait here.
    if pg_has_role(_owner, 'usage') then
        _version := (
            select substring(p.prosrc from '''(.*)''')
            from pg_proc as p
            inner join pg_namespace as n on n.oid = p.pronamespace
            where n.nspname = 's3vl' and p.proname = 'version' and p.pronargs = 0
        );
    end if;
    if _version is distinct from '@from@' then
        raise exception
            'this upgrades s3vl @from@, and here is %',
            coalesce('s3vl ' || _version, format('none that %I may upgrade', current_user))
            using errcode = 'object_not_in_prerequisite_state',
            detail = 'Nothing was changed.',
            hint = 'Choose the upgrade-<version here>-<next version>.sql, or install.sql.';
    end if;
end;
$$;
