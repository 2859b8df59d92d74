-- An index of one table, for tests of sync on servers without a local cloud: after aws_lambda_index.sql, whose answers
-- it replaces. What a call writes is undone with the transaction that made it, as if the call had been lost.
create table aws_lambda.stored (vector_id text collate "C" primary key, embedding text, metadata jsonb);

create or replace function aws_lambda._answer(request jsonb) returns json
    language plpgsql
    set search_path = pg_catalog, pg_temp
as $$
declare
    _count constant integer := jsonb_array_length(coalesce(request -> 'vectors', request -> 'vector_ids', '[]'));
    _vectors jsonb;
begin
    case request ->> 'operation'
        when 'put_vectors' then
            insert into aws_lambda.stored as s
            select v.vector_id, v.embedding, v.metadata
            from jsonb_to_recordset(request -> 'vectors') as v (vector_id text, embedding text, metadata jsonb)
            on conflict (vector_id) do update set embedding = excluded.embedding, metadata = excluded.metadata;
            return json_build_object('success', true, 'result', json_build_object('written', array[array[1, _count]]));
        when 'delete_vectors' then
            delete from aws_lambda.stored as s where request -> 'vector_ids' ? s.vector_id;
            return json_build_object('success', true, 'result', json_build_object('deleted', array[array[1, _count]]));
        when 'describe_index' then
            return json_build_object('success', true, 'result', json_build_object('index', json_build_object(
                'dimension', 3, 'distance_metric', 'cosine', 'non_filterable_keys', array['hash']
            )));
        when 'list_vectors', 'get_vectors' then
            select coalesce(jsonb_agg(jsonb_build_object('vector_id', s.vector_id, 'metadata', s.metadata)), '[]')
            into _vectors
            from aws_lambda.stored as s
            where request -> 'vector_ids' ? s.vector_id
                or mod(abs(hashtext(s.vector_id)::bigint), 16) = (request -> 'segment_index')::integer;
            return json_build_object('success', true, 'result', json_build_object('vectors', _vectors));
    end case;
end;
$$;
