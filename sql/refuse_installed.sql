-- Stops an installation where a schema s3vl is.
do $$
declare
    _owner oid;
    _version text;
begin
    if pg_catalog.to_regnamespace('s3vl') is null then
        return;
    end if;
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    _owner := (select n.nspowner from pg_namespace as n where n.nspname = 's3vl');
    -- Read and not run: whoever may create a schema could have put code in wait here.
    _version := (
        select substring(p.prosrc from '''(.*)''')
        from pg_proc as p
        inner join pg_namespace as n on n.oid = p.pronamespace
        where n.nspname = 's3vl' and p.proname = 'version' and p.pronargs = 0
    );
    if pg_has_role(_owner, 'usage') and _version is not null then
        raise exception 's3vl % is already installed', _version
            using errcode = 'duplicate_schema',
            detail = 'Nothing was changed.',
            hint = case
                when exists (select from pg_extension as e where e.extname = 's3vl')
                    then 'It is an extension. For another version: alter extension s3vl update;'
                else format(
                    'A script upgrade-%s-<version>.sql brings a newer one and keeps all. To start '
                    'anew run uninstall.sql first: it forgets configuration and indexes.',
                    _version
                )
            end;
    end if;
    raise exception 'there is another schema s3vl, of role %', _owner::regrole
        using errcode = 'duplicate_schema',
        detail = 'Nothing was changed.',
        hint = 'Rename it, or drop it if nobody needs it: drop schema s3vl cascade;';
end;
$$;
