-- Who calls. A function that runs with the rights of its owner cannot see its caller, and what runs
-- with the rights of its caller cannot be trusted: so the caller brings a seal. A view reads its
-- tables as its owner, while current_user in it is whoever reads it. (No row security, which
-- superusers and the owner pass by.)
create table s3vl.seal_key (
    is_the_only_row boolean not null default true,
    -- Each uuid has 122 random bits.
    inner_key bytea not null default (
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
        || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    ),
    outer_key bytea not null default (
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
        || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    ),
    constraint seal_key_pkey primary key (is_the_only_row),
    constraint seal_key_single_row check (is_the_only_row),
    constraint seal_key_length check (length(inner_key) = 64 and length(outer_key) = 64)
);

comment on table s3vl.seal_key is
    'What seals are made with. A single row, which nobody but the owner of s3vl may read.';
comment on column s3vl.seal_key.is_the_only_row is
    'Always true: as the primary key it allows one row.';
comment on column s3vl.seal_key.inner_key is
    'Key of the inner hash, a block of random bytes.';
comment on column s3vl.seal_key.outer_key is
    'Key of the outer hash, a block of random bytes.';

insert into s3vl.seal_key default values;

-- An HMAC with two keys of a whole block each, for one transaction of one session: whoever gets
-- hold of another role's seal cannot keep it.
create view s3vl.role_seal as
select
    r.oid as role_oid,
    r.rolname as role_name,
    sha256(
        k.outer_key || sha256(
            k.inner_key || convert_to(
                concat_ws(' ', r.oid, pg_backend_pid(), extract(epoch from now())), 'UTF8'
            )
        )
    ) as seal
from pg_roles as r
cross join s3vl.seal_key as k;

comment on view s3vl.role_seal is
    'The seal of each role in this transaction, which nobody but the owner of s3vl may read.';
comment on column s3vl.role_seal.role_oid is
    'The role.';
comment on column s3vl.role_seal.role_name is
    'Its name.';
comment on column s3vl.role_seal.seal is
    'Proves in this transaction that s3vl.caller has told who calls.';

-- The barrier keeps functions of the reader from being run on the rows of other roles.
create view s3vl.caller with (security_barrier) as
select s.role_oid, s.seal
from s3vl.role_seal as s
where s.role_name = current_user;

comment on view s3vl.caller is
    'Who reads it, with a seal. Everybody may; the functions behind the public ones ask for it.';
comment on column s3vl.caller.role_oid is
    'The role whose code is running: current_user.';
comment on column s3vl.caller.seal is
    'Proves it to s3vl in this transaction.';
