-- A stand-in for pg_tle, which no package holds: names, arguments, checks and messages of 1.4.0, as far as scripts
-- that register an extension meet them. As there, each file that PostgreSQL reads for an extension is a function in
-- schema pgtle; a fixture puts the files where PostgreSQL itself finds them, and it then creates the extension, as
-- whoever asks for it. Unlike there, the extension does not depend on these functions, for pg_dump to sort by.

create function pgtle._files()
    returns table (name text, content text)
    language plpgsql
as $$
begin
    for _files.name in
        select p.proname
        from pg_catalog.pg_proc as p
        where p.pronamespace = 'pgtle'::regnamespace and p.proname ~ '[.](control|sql)$'
    loop
        execute format('select pgtle.%I()', _files.name) into _files.content;
        return next;
    end loop;
end;
$$;

create function pgtle._store(name text, content text)
    returns void
    language plpgsql
as $$
begin
    if _store.content ~ '\$_pgtle_[io]_\$' then
        raise exception 'invalid character in extension definition'
            using errcode = 'invalid_parameter_value', detail = 'Use of string delimiters "$_pgtle_o_$" and "$_pgtle_i_$" are forbidden in extension definitions.';
    end if;
    execute format(
        'create function pgtle.%I() returns text language sql as %L',
        _store.name, format('select %L::text', _store.content)
    );
exception
    when duplicate_function then
        raise exception 'extension "%" already installed', split_part(_store.name, '--', 1)
            using errcode = 'duplicate_object';
end;
$$;

create function pgtle._check_version(version text)
    returns void
    language plpgsql
as $$
begin
    if _check_version.version !~ '^[^-/\\]+(-[^-/\\]+)*$' then
        raise exception 'invalid extension version name: "%"', _check_version.version
            using errcode = 'invalid_parameter_value';
    end if;
end;
$$;

create function pgtle.install_extension_version_sql(name text, version text, ext text)
    returns boolean
    language plpgsql
as $$
begin
    if not exists (
        select from pgtle._files() as f where f.name = install_extension_version_sql.name || '.control'
    ) then
        raise exception 'extension "%" does not exist', install_extension_version_sql.name;
    end if;
    perform pgtle._check_version(install_extension_version_sql.version);
    perform pgtle._store(format('%s--%s.sql', name, version), ext);
    return true;
end;
$$;

create function pgtle.install_extension(
    name text, version text, description text, ext text, requires text[] default null
)
    returns boolean
    language plpgsql
as $$
begin
    -- Files of the fixture are as good as none.
    if exists (
        select from pg_available_extension_versions as e
        where e.name = install_extension.name and 'pg_tle' <> all(coalesce(e.requires, '{}'))
    ) then
        raise exception 'control file already exists for the % extension', install_extension.name
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    perform pgtle._store(
        install_extension.name || '.control',
        format(
            E'comment = %L\ndefault_version = %L\nrequires = %L\n'
            'relocatable = false\nsuperuser = false\ntrusted = false\n',
            description,
            version,
            array_to_string(install_extension.requires || array['pg_tle'], ',')
        )
    );
    return pgtle.install_extension_version_sql(name, version, ext);
end;
$$;

create function pgtle.install_update_path(name text, fromvers text, tovers text, ext text)
    returns boolean
    language plpgsql
as $$
begin
    perform pgtle._check_version(fromvers), pgtle._check_version(tovers);
    perform pgtle._store(format('%s--%s--%s.sql', name, fromvers, tovers), ext);
    return true;
end;
$$;

create function pgtle.set_default_version(name text, version text)
    returns boolean
    language plpgsql
as $$
declare
    _control constant text := set_default_version.name || '.control';
    _content text;
begin
    select regexp_replace(
        f.content, 'default_version = .*?\n', format(E'default_version = %L\n', set_default_version.version)
    )
    into strict _content
    from pgtle._files() as f
    where f.name = _control;
    execute format('drop function pgtle.%I()', _control);
    perform pgtle._store(_control, _content);
    return true;
end;
$$;

create function pgtle.available_extensions()
    returns table (name name, default_version text, comment text)
    language sql
as $$
    select
        left(f.name, -length('.control'))::name,
        substring(f.content from 'default_version = ''(.*?)'''),
        substring(f.content from 'comment = ''(.*?)''')
    from pgtle._files() as f
    where f.name like '%.control'
$$;

create function pgtle.uninstall_extension(extname text)
    returns boolean
    language plpgsql
as $$
declare
    _name text;
begin
    for _name in
        select f.name
        from pgtle._files() as f
        where f.name = extname || '.control' or starts_with(f.name, extname || '--')
    loop
        execute format('drop function pgtle.%I()', _name);
    end loop;
    return found;
end;
$$;

-- pg_tle has a role pgtle_admin for this.
grant usage, create on schema pgtle to rds_superuser;
