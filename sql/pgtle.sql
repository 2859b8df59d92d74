-- Registers s3vl @to@ with pg_tle, for a member of pgtle_admin: `psql -f`. After it type
--     create extension s3vl cascade;
-- or, where s3vl @from@ is: alter extension s3vl update;
-- (In sql/ this is a form: tools/build_sql.py fills it in. The calls are those of pg_tle 1.4.0, so
-- there is no argument for the schema.)
\set ON_ERROR_STOP on
begin;
select
    case
        when exists (
            select from pgtle.available_extensions() as e
            where pg_catalog.nameeq(e.name, 's3vl')
        ) then pgtle.install_extension_version_sql('s3vl', '@to@', s.script)
        else pgtle.install_extension('s3vl', '@to@', '@comment@', s.script, '{@requires@}')
    end as is_registered
from (values ('@extension@')) as s (script);
select pgtle.install_update_path('s3vl', '@from@', '@to@', '@update@') as is_path_registered;
select pgtle.set_default_version('s3vl', '@to@') as is_default;
commit;
