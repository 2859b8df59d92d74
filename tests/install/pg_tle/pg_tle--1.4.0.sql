-- A stand-in for pg_tle, which no package holds: names, arguments, checks and messages of 1.4.0, as far as scripts
-- that register an extension meet them. What it stores are the files that PostgreSQL reads for an extension; a
-- fixture puts them there, and PostgreSQL itself then creates the extension, as whoever asks for it.

create table pgtle.file (
    name text primary key,
    content text not null
);

create function pgtle._store(name text, content text)
    returns void
    language plpgsql
as $$
begin
    if _store.content ~ '\$_pgtle_[io]_\$' then
        raise exception 'invalid character in extension definition'
            using errcode = 'invalid_parameter_value', detail = 'Use of string delimiters "$_pgtle_o_$" and "$_pgtle_i_$" are forbidden in extension definitions.';
    end if;
    insert into pgtle.file (name, content) values (_store.name, _store.content);
exception
    when unique_violation then
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
        select from pgtle.file as f where f.name = install_extension_version_sql.name || '.control'
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
    if exists (select from pg_available_extensions as e where e.name = install_extension.name) then
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
    language sql
as $$
    update pgtle.file as f
    set content = regexp_replace(
        f.content, 'default_version = .*?\n', format(E'default_version = %L\n', set_default_version.version)
    )
    where f.name = set_default_version.name || '.control'
    returning true
$$;

create function pgtle.available_extensions()
    returns table (name name, default_version text, comment text)
    language sql
as $$
    select
        left(f.name, -length('.control'))::name,
        substring(f.content from 'default_version = ''(.*?)'''),
        substring(f.content from 'comment = ''(.*?)''')
    from pgtle.file as f
    where f.name like '%.control'
$$;

create function pgtle.uninstall_extension(extname text)
    returns boolean
    language sql
as $$
    with removed as (
        delete from pgtle.file as f
        where f.name = extname || '.control' or starts_with(f.name, extname || '--')
        returning f.name
    )
    select count(*) > 0 from removed
$$;

-- pg_tle has a role pgtle_admin for this.
grant usage on schema pgtle to rds_superuser;
grant all on pgtle.file to rds_superuser;
