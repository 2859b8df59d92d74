-- Stops an upgrade where s3vl @from@ is not, or is an extension.
\ir find_installed.sql
do $$
declare
    _version constant text := nullif(current_setting('s3vl.installed'), '');
begin
    if exists (select from pg_extension as e where e.extname = 's3vl') then
        raise exception 's3vl is an extension here, not installed with psql'
            using errcode = 'wrong_object_type',
            detail = 'Nothing was changed.',
            hint = 'Type: alter extension s3vl update;';
    end if;
    if _version is distinct from '@from@' then
        raise exception
            'this upgrades s3vl @from@, and here is %',
            coalesce('s3vl ' || _version, format('none that %I may upgrade', current_user))
            using errcode = 'object_not_in_prerequisite_state',
            detail = 'Nothing was changed.',
            hint = coalesce(
                (
                    select format(
                        'Schema s3vl belongs to role %1$I. If that is whom you trust with it, type '
                        'first: set role %1$I;',
                        n.nspowner::regrole
                    )
                    from pg_namespace as n
                    where n.nspname = 's3vl' and _version is null
                ),
                'Choose the upgrade-<version here>-<next version>.sql, or install.sql.'
            );
    end if;
end;
$$;
