-- Which roles may use an index, and which part of it: written by s3vl.restrict_index().
-- An index is known by its ARN here, as it may have several names, and none for a while.
create table s3vl.restricted_index (
    index_arn text collate "C" not null,
    restricted_at timestamptz not null default now(),
    constraint restricted_index_pkey primary key (index_arn)
);

comment on table s3vl.restricted_index is
    'Indexes that no role may use but those of s3vl.index_restriction. Written by '
    's3vl.restrict_index(); read it with s3vl.list_restrictions().';
comment on column s3vl.restricted_index.index_arn is
    'ARN of the index.';
comment on column s3vl.restricted_index.restricted_at is
    'Since when.';

create table s3vl.index_restriction (
    index_arn text collate "C" not null,
    role_name name not null,
    role_oid oid generated always as (s3vl._role_oid(role_name)) stored,
    metadata_filter jsonb,
    tenant_key text collate "C",
    tenant_setting text collate "C",
    created_at timestamptz not null default now(),
    constraint index_restriction_pkey primary key (index_arn, role_name),
    constraint index_restriction_index_arn_fkey foreign key (index_arn)
        references s3vl.restricted_index (index_arn) on delete cascade,
    constraint index_restriction_tenant_is_whole
        check (num_nulls(tenant_key, tenant_setting) in (0, 2))
);

comment on table s3vl.index_restriction is
    'Roles that may use a restricted index, and which part of it. Written by '
    's3vl.restrict_index(); read it with s3vl.list_restrictions().';
comment on column s3vl.index_restriction.index_arn is
    'ARN of the index.';
comment on column s3vl.index_restriction.role_name is
    'Name of the role; a role that inherits its rights is another.';
comment on column s3vl.index_restriction.role_oid is
    'The role that had this name: another that gets the name is another.';
comment on column s3vl.index_restriction.metadata_filter is
    'What the metadata of its vectors has: an object of keys with $eq or $in; null for anything.';
comment on column s3vl.index_restriction.tenant_key is
    'Metadata key whose value a setting tells; null for none.';
comment on column s3vl.index_restriction.tenant_setting is
    'That setting.';
comment on column s3vl.index_restriction.created_at is
    'When the role was given this part.';

-- The transactions that changed the restrictions last. Sequences show them whatever is visible to
-- the transaction that asks, so that none with an old snapshot goes on with what was revoked. Two,
-- since the last may still be at work, or have failed.
create sequence s3vl.restriction_change;
create sequence s3vl.restriction_change_before;

comment on sequence s3vl.restriction_change is
    'Transaction that changed the restrictions last, if it has not failed.';
comment on sequence s3vl.restriction_change_before is
    'Transaction that changed the restrictions before that one.';
