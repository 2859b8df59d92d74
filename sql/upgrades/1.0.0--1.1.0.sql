-- From 1.0.0 to 1.1.0, besides the text of functions: what has state, and functions that have
-- other arguments or another result now, which `create or replace` would leave beside the new ones,
-- or refuse.
alter table s3vl.index_registry add column described_at timestamptz;
comment on column s3vl.index_registry.described_at is
    'When GetIndex last told these facts; null when it could not be asked.';

drop function s3vl._ask_facts(s3vl.index_registry);
drop function s3vl._check_index(s3vl.index_registry);
drop function s3vl._check_lambda();
drop function s3vl._check_query_mode(text, jsonb, s3vl.index_registry);
drop function s3vl._check_text_search(text[], s3vl.index_registry);
drop function s3vl._encode_records(s3vl.vector_record[]);
drop function s3vl._invoke(text, json, timestamptz, jsonb);
drop function s3vl._note_call(text, timestamptz, json, json, jsonb);
drop function s3vl._raise_record(bigint, text, text, text);
drop function s3vl._request(text, integer, json, jsonb);
drop function s3vl._write(text, text, text, json[], text, timestamptz);
