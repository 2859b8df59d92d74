-- How far each binding is, and who is at work on it: written by s3vl.sync() alone, apart from
-- s3vl.bind_table() and its like.
create table s3vl.sync_state (
    binding_id integer not null,
    lease uuid,
    leased_until timestamptz not null default '-infinity',
    not_before timestamptz not null default '-infinity',
    seen_at timestamptz,
    last_turn_at timestamptz,
    last_synced_at timestamptz,
    failures integer not null default 0,
    is_broken boolean not null default false,
    sqlstate text,
    error text,
    hint text,
    database_oid oid,
    instances text[],
    is_copy boolean not null default false,
    is_job_next boolean not null default false,
    vectors_synced bigint not null default 0,
    vectors_per_second double precision,
    constraint sync_state_pkey primary key (binding_id),
    constraint sync_state_binding_id_fkey foreign key (binding_id)
        references s3vl.binding (binding_id) on delete cascade
);

comment on table s3vl.sync_state is
    'How far s3vl.sync() is with each binding. Read it with s3vl.sync_status().';
comment on column s3vl.sync_state.binding_id is
    'The binding.';
comment on column s3vl.sync_state.lease is
    'The turn that last took the binding.';
comment on column s3vl.sync_state.leased_until is
    'Until when nobody else may take it: a call of that turn may still act.';
comment on column s3vl.sync_state.not_before is
    'When it is tried again after a failure.';
comment on column s3vl.sync_state.seen_at is
    'When s3vl.sync() last looked at it, give or take half a minute.';
comment on column s3vl.sync_state.last_turn_at is
    'When the last turn began.';
comment on column s3vl.sync_state.last_synced_at is
    'When a turn last ended well.';
comment on column s3vl.sync_state.failures is
    'Turns that failed since.';
comment on column s3vl.sync_state.is_broken is
    'True when somebody has to do something before it can go on.';
comment on column s3vl.sync_state.sqlstate is
    'SQLSTATE of the last failure since.';
comment on column s3vl.sync_state.error is
    'Its message.';
comment on column s3vl.sync_state.hint is
    'What to do.';
comment on column s3vl.sync_state.database_oid is
    'Number of the database that it was last seen in.';
comment on column s3vl.sync_state.instances is
    'DB instances of the Aurora cluster that it was last seen in.';
comment on column s3vl.sync_state.is_copy is
    'True when that was another one, until s3vl.resume_binding().';
comment on column s3vl.sync_state.is_job_next is
    'True when the next turn is that of a job: changes had their turn, and left room.';
comment on column s3vl.sync_state.vectors_synced is
    'Vectors that were written or deleted since the table was bound.';
comment on column s3vl.sync_state.vectors_per_second is
    'How fast the last turn was.';

-- Keys that are not in the index as their row is. A row that changes again starts anew.
create table s3vl.sync_failure (
    binding_id integer not null,
    key text collate "C" not null,
    state text not null,
    attempts integer not null,
    sqlstate text,
    error text not null,
    first_failed_at timestamptz not null default clock_timestamp(),
    last_failed_at timestamptz not null default clock_timestamp(),
    next_attempt_at timestamptz,
    constraint sync_failure_pkey primary key (binding_id, key),
    constraint sync_failure_binding_id_fkey foreign key (binding_id)
        references s3vl.binding (binding_id) on delete cascade,
    constraint sync_failure_state_known check (state in ('waiting', 'retrying', 'dead'))
);

comment on table s3vl.sync_failure is
    'Rows that could not be sent. Read it with s3vl.dead_letters() and s3vl.sync_backlog().';
comment on column s3vl.sync_failure.binding_id is
    'The binding.';
comment on column s3vl.sync_failure.key is
    'Key of the row, as text.';
comment on column s3vl.sync_failure.state is
    'waiting for an embedding, retrying, or dead: sent again only when the row changes or somebody '
    'asks for it.';
comment on column s3vl.sync_failure.attempts is
    'How often it was tried.';
comment on column s3vl.sync_failure.sqlstate is
    'SQLSTATE of the last refusal.';
comment on column s3vl.sync_failure.error is
    'What was said.';
comment on column s3vl.sync_failure.first_failed_at is
    'When it first failed.';
comment on column s3vl.sync_failure.last_failed_at is
    'When it last failed.';
comment on column s3vl.sync_failure.next_attempt_at is
    'When it is tried again.';
