-- Stops an installation where a schema s3vl is.
\ir find_installed.sql
do $$
declare
    _version text;
begin
    if pg_catalog.to_regnamespace('s3vl') is null then
        return;
    end if;
    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    _version := current_setting('s3vl.installed');
    if _version <> '' then
        raise exception 's3vl % is already installed', _version
            using errcode = 'duplicate_schema',
            detail = 'Nothing was changed.',
            hint = case
                when exists (select from pg_extension as e where e.extname = 's3vl')
                    then 'It is an extension. For another version: alter extension s3vl update;'
                else format(
                    'A script upgrade-%s-<version>.sql upgrades it and keeps everything. To start '
                    'over, run uninstall.sql first: it drops configuration and registry.',
                    _version
                )
            end;
    end if;
    raise exception 'there is another schema s3vl, of role %',
        (select n.nspowner::regrole from pg_namespace as n where n.nspname = 's3vl')
        using errcode = 'duplicate_schema',
        detail = 'Nothing was changed.',
        hint = 'Rename it, or drop it if nobody needs it: drop schema s3vl cascade;';
end;
$$;
