-- Dead letters, for who lists, sends or forgets them.

create or replace function s3vl._letters(binding s3vl.binding, vector_ids text[])
    returns setof s3vl.sync_failure
    stable
    rows 10
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select f.*
    from s3vl.sync_failure as f
    where f.binding_id = (_letters.binding).binding_id
        and f.state = 'dead'
        and (
            _letters.vector_ids is null
            or (_letters.binding).id_prefix || f.key = any(_letters.vector_ids collate "C")
        )
$$;

comment on function s3vl._letters(s3vl.binding, text[]) is
    'Returns the dead letters of a binding, all of them or those of some ids.';
