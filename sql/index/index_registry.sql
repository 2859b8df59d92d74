-- Names for indexes, and what is known about them. What the ARN says is computed from the ARN, so
-- the two cannot disagree; what GetIndex says is null until it was asked.
-- Names are compared byte by byte, and sorted alike on every server.
create table s3vl.index_registry (
    index_name text collate "C" not null,
    index_arn text collate "C" not null,
    description text,
    bucket_name text not null
        generated always as (split_part(split_part(index_arn, ':', 6), '/', 2)) stored,
    region text not null generated always as (split_part(index_arn, ':', 4)) stored,
    account_id text not null generated always as (split_part(index_arn, ':', 5)) stored,
    dimension integer,
    distance_metric text,
    index_mode text,
    non_filterable_keys text[],
    text_keys jsonb,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    described_at timestamptz,
    model text collate "C",
    constraint index_registry_pkey primary key (index_name),
    constraint index_registry_index_name_length
        check (char_length(index_name) between 1 and 128),
    constraint index_registry_index_name_printable check (index_name !~ '[[:cntrl:]]')
);

comment on table s3vl.index_registry is
    'Friendly names for S3 Vectors indexes. Written by s3vl.register_index(); read it with '
    's3vl.list_indexes().';
comment on column s3vl.index_registry.index_name is
    'The name used in SQL: 1 to 128 characters, none of them a control character.';
comment on column s3vl.index_registry.index_arn is
    'ARN of the S3 Vectors index. Several names may share one.';
comment on column s3vl.index_registry.description is
    'Free text.';
comment on column s3vl.index_registry.bucket_name is
    'Vector bucket, from the ARN.';
comment on column s3vl.index_registry.region is
    'AWS region, from the ARN.';
comment on column s3vl.index_registry.account_id is
    'AWS account, from the ARN.';
comment on column s3vl.index_registry.dimension is
    'Numbers in each vector, from GetIndex; null when it could not be asked.';
comment on column s3vl.index_registry.distance_metric is
    'cosine or euclidean, from GetIndex; null when it could not be asked.';
comment on column s3vl.index_registry.index_mode is
    'CLASSIC or ENHANCED, from GetIndex; null when it did not say.';
comment on column s3vl.index_registry.non_filterable_keys is
    'Metadata keys that filters cannot use, from GetIndex.';
comment on column s3vl.index_registry.text_keys is
    'Metadata keys with full-text search: an array of metadata_key, language and status, from '
    'GetIndex.';
comment on column s3vl.index_registry.is_active is
    'False after s3vl.deactivate_index(): calls that name the index are refused.';
comment on column s3vl.index_registry.created_at is
    'When the name was registered first.';
comment on column s3vl.index_registry.updated_at is
    'When the row was changed last.';
comment on column s3vl.index_registry.described_at is
    'When GetIndex last told these facts; null when it could not be asked.';
comment on column s3vl.index_registry.model is
    'Name of the model that made the vectors, as somebody has said; null when nobody has.';
