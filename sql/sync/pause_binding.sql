-- Stopping and going on. Changes are noted either way.

create or replace function s3vl.pause_binding(binding_name text)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := s3vl._find_binding(pause_binding.binding_name);
begin
    update s3vl.binding as b
    set is_paused = true
    where b.binding_id = _binding.binding_id;
    return true;
end;
$$;

comment on function s3vl.pause_binding(text) is
    'Pauses a binding. s3vl.sync() leaves it alone; returns true. Changes are still noted, and '
    'sent after s3vl.resume_binding(). A turn that is at work ends by itself. Raises 42704 for an '
    'unknown binding. No Lambda call.';

create or replace function s3vl.resume_binding(binding_name text)
    returns boolean
    security definer
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _binding s3vl.binding := s3vl._find_binding(resume_binding.binding_name);
begin
    update s3vl.binding as b
    set is_paused = false
    where b.binding_id = _binding.binding_id;
    update s3vl.sync_state as s
    set not_before = '-infinity',
        database_oid = null,
        instances = null,
        is_copy = false,
        sqlstate = case when not s.is_copy then s.sqlstate end,
        error = case when not s.is_copy then s.error end,
        hint = case when not s.is_copy then s.hint end
    where s.binding_id = _binding.binding_id;
    return true;
end;
$$;

comment on function s3vl.resume_binding(text) is
    'Resumes a binding. s3vl.sync() goes on with one that was paused, tries one that failed '
    'without waiting any longer, and takes one that is in a copy of its database for at home '
    'there; returns true. Raises 42704 for an unknown binding. No Lambda '
    'call.';
