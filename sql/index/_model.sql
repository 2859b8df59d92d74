-- The model that made the vectors of an index. Distances between vectors of two models are numbers
-- like any other, so that only their names can tell.

create or replace function s3vl._check_model(model text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _model constant text := left(_check_model.model, 201);
begin
    if char_length(_model) > 200 or s3vl._hidden_character(_model) <> '' or _model ~ '^ | $' then
        raise exception using
            errcode = '22023',
            message = format(
                'model must have at most 200 characters, all of them visible, got "%s"',
                s3vl._shown(_model)
            ),
            hint = 'Pass the name of the model, for example model => ''titan-text-v2''.';
    end if;
end;
$$;

comment on function s3vl._check_model(text) is
    'Refuses what is no name for a model; null and an empty text are one.';

create or replace function s3vl._remember_model(index_arn text, model text)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
begin
    -- A new name of an ARN gets what the others have.
    update s3vl.index_registry as r
    set model = nullif(coalesce(_remember_model.model, o.model), '')
    from (
        select max(k.model) as model
        from s3vl.index_registry as k
        where k.index_arn = _remember_model.index_arn
    ) as o
    where r.index_arn = _remember_model.index_arn;
end;
$$;

comment on function s3vl._remember_model(text, text) is
    'Saves the model of an index under each of its names; null leaves it as it is.';

create or replace function s3vl._check_expected_model(
    expected_model text,
    index s3vl.index_registry
)
    returns void
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _expected constant text collate "C" := _check_expected_model.expected_model;
    _model constant text := _check_expected_model.index.model;
begin
    if _expected is null or _expected = _model then
        return;
    end if;
    raise exception using
        errcode = '22023',
        message = case when _model is null
            then format(
                'expected_model is "%s", and the model of index "%s" is not registered',
                s3vl._shown(_expected), _check_expected_model.index.index_name
            )
            else format(
                'expected_model is "%s", and the model of index "%s" is "%s"',
                s3vl._shown(_expected), _check_expected_model.index.index_name, _model
            )
        end,
        hint = case when _model is null
            then format(
                'If that is its model, register it, with admin access: '
                'select s3vl.register_index(%L, %L, model => %L);',
                _check_expected_model.index.index_name,
                _check_expected_model.index.index_arn,
                s3vl._shown(_expected)
            )
            else format(
                'Embed the query with "%s", or search an index of the other model.', _model
            )
        end;
end;
$$;

comment on function s3vl._check_expected_model(text, s3vl.index_registry) is
    'Refuses a search with a vector of another model than that of the index, and one of which the '
    'model is not known.';
