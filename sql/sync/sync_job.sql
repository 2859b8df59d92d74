-- Work on all of a binding: sending every row again, and comparing the index with the table. Queued
-- by who asks for it, and advanced by s3vl.sync(), which saves how far it is with each turn.
create table s3vl.sync_job (
    job_id bigint not null generated always as identity,
    binding_id integer not null,
    kind text not null,
    state text not null default 'queued',
    is_owed boolean not null default false,
    repair boolean not null default false,
    max_deletes integer,
    done bigint not null default 0,
    total bigint,
    last_key text collate "C",
    stage integer not null default 0,
    stage_done bigint not null default 0,
    next_token text,
    restarts integer not null default 0,
    sums bigint[],
    stage_sums bigint[],
    sqlstate text,
    error text,
    hint text,
    created_at timestamptz not null default clock_timestamp(),
    started_at timestamptz,
    finished_at timestamptz,
    constraint sync_job_pkey primary key (job_id),
    constraint sync_job_binding_id_fkey foreign key (binding_id)
        references s3vl.binding (binding_id) on delete cascade,
    constraint sync_job_kind_known check (kind in ('backfill', 'verify')),
    constraint sync_job_state_known
        check (state in ('queued', 'running', 'done', 'failed', 'cancelled'))
);

create index sync_job_active on s3vl.sync_job (binding_id, job_id)
    where state in ('queued', 'running');

comment on table s3vl.sync_job is
    'Jobs of bindings. Read it with s3vl.sync_jobs().';
comment on column s3vl.sync_job.job_id is
    'Number of the job.';
comment on column s3vl.sync_job.binding_id is
    'The binding.';
comment on column s3vl.sync_job.kind is
    'backfill: all rows are sent. verify: the index is compared with the table.';
comment on column s3vl.sync_job.state is
    'queued, running, done, failed or cancelled.';
comment on column s3vl.sync_job.is_owed is
    'True when s3vl queued it itself, because nothing else finds what has changed: after TRUNCATE, '
    'after another key column, after a change by a transaction that is older than the binding, and '
    'at the end of a binding. It comes first. A verify of these deletes all vectors that have no '
    'row, and leaves those whose row waits for an embedding.';
comment on column s3vl.sync_job.repair is
    'True when differences are to be sent.';
comment on column s3vl.sync_job.max_deletes is
    'How many vectors a repair may delete that is not owed; null for a tenth of those that there '
    'are.';
comment on column s3vl.sync_job.done is
    'Rows, or vectors, that were looked at.';
comment on column s3vl.sync_job.total is
    'About how many there are; null when nobody has counted.';
comment on column s3vl.sync_job.last_key is
    'Last key of the table that was looked at, in the order of the keys.';
comment on column s3vl.sync_job.stage is
    'What a verify is at: a segment of the index (0 to 15), then the rows of the table (16), those '
    'that the index may lack (17), and the repair (18).';
comment on column s3vl.sync_job.stage_done is
    'Vectors of the segment that were looked at: none of them counts when it begins again.';
comment on column s3vl.sync_job.next_token is
    'Where the segment goes on.';
comment on column s3vl.sync_job.restarts is
    'How often a segment had to begin again, because its token was too old.';
comment on column s3vl.sync_job.sums is
    'Hashes of the ids that index and table have, by bucket: 0 where they are the same.';
comment on column s3vl.sync_job.stage_sums is
    'Those of the segment, which are added when it is complete.';
comment on column s3vl.sync_job.sqlstate is
    'SQLSTATE of what it failed with.';
comment on column s3vl.sync_job.error is
    'Why it failed.';
comment on column s3vl.sync_job.hint is
    'What to do, or what to know about the result.';
comment on column s3vl.sync_job.created_at is
    'When it was queued.';
comment on column s3vl.sync_job.started_at is
    'When s3vl.sync() first worked on it.';
comment on column s3vl.sync_job.finished_at is
    'When it was done, had failed, or was cancelled.';

create table s3vl.sync_difference (
    job_id bigint not null,
    key text collate "C" not null,
    problem text not null,
    is_waiting boolean not null default false,
    hash_name text,
    noted_at timestamptz not null default clock_timestamp(),
    constraint sync_difference_pkey primary key (job_id, key),
    constraint sync_difference_job_id_fkey foreign key (job_id)
        references s3vl.sync_job (job_id) on delete cascade,
    constraint sync_difference_problem_known check (problem in ('missing', 'stale', 'orphan'))
);

comment on table s3vl.sync_difference is
    'What verify jobs have found. Read it with s3vl.verify_differences().';
comment on column s3vl.sync_difference.job_id is
    'The job.';
comment on column s3vl.sync_difference.key is
    'Key of the row, as text.';
comment on column s3vl.sync_difference.problem is
    'missing: a row without its vector. stale: a vector that is not as its row. orphan: a vector '
    'whose row is gone, or has no embedding.';
comment on column s3vl.sync_difference.is_waiting is
    'True for an orphan whose row is there, and waits for an embedding.';
comment on column s3vl.sync_difference.hash_name is
    'How the hash of a stale vector was made, when not as it is made now.';
comment on column s3vl.sync_difference.noted_at is
    'When it was found.';

-- When the next turn for an index may begin, whoever makes it.
create table s3vl.sync_pace (
    index_arn text collate "C" not null,
    free_at timestamptz not null,
    constraint sync_pace_pkey primary key (index_arn)
);

comment on table s3vl.sync_pace is
    'How s3vl.sync() keeps to what S3 Vectors takes.';
comment on column s3vl.sync_pace.index_arn is
    'The index.';
comment on column s3vl.sync_pace.free_at is
    'When it may be written to again.';
