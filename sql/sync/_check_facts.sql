-- Whether the index is the one that the registry knows. Asked before rows are given up for what was
-- thought of it: an index that was deleted and made anew must not turn all of a table into dead
-- letters.

create or replace function s3vl._check_facts(index s3vl.index_registry, started timestamptz)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _registered constant s3vl.index_registry := _check_facts.index;
    _actual constant s3vl.index_registry := s3vl._ask_facts(_registered, _check_facts.started);
begin
    if (_actual.dimension, _actual.distance_metric, _actual.non_filterable_keys)
        is distinct from
        (_registered.dimension, _registered.distance_metric, _registered.non_filterable_keys)
    then
        raise exception using
            errcode = '55000',
            message = format('index "%s" is not as it was registered', _registered.index_name),
            detail = format(
                'It has %s dimensions and %s distance; registered are %s and %s.',
                _actual.dimension,
                _actual.distance_metric,
                coalesce(_registered.dimension::text, 'no dimension'),
                coalesce(_registered.distance_metric, 'no distance')
            ),
            hint = format(
                'Register it again, with admin access: select s3vl.register_index(%L, %L);',
                _registered.index_name,
                _registered.index_arn
            );
    end if;
end;
$$;

comment on function s3vl._check_facts(s3vl.index_registry, timestamptz) is
    'Refuses an index that is another one now.';

create or replace function s3vl._check_facts_behind(
    problems text[],
    index s3vl.index_registry,
    started timestamptz
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select
        from unnest(_check_facts_behind.problems) as p (problem)
        where p.problem ~ ' (has [0-9]+ numbers|is zero in every|counts as [0-9]+ filterable)'
    ) then
        perform s3vl._check_facts(_check_facts_behind.index, _check_facts_behind.started);
    end if;
end;
$$;

comment on function s3vl._check_facts_behind(text[], s3vl.index_registry, timestamptz) is
    'Asks about the index when what is known of it has a part in a problem.';
