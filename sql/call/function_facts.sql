-- What the Lambda function says of itself. Not in config, which an upgrade must not lock.
create table s3vl.function_facts (
    is_the_only_row boolean not null default true,
    memory_mb integer,
    constraint function_facts_pkey primary key (is_the_only_row),
    constraint function_facts_single_row check (is_the_only_row)
);

comment on table s3vl.function_facts is
    'What the Lambda function said of itself when s3vl.configure() asked it. One row, or none.';
comment on column s3vl.function_facts.is_the_only_row is
    'Always true: as the primary key it allows one row.';
comment on column s3vl.function_facts.memory_mb is
    'Memory of the function in MB, which its processor time follows; null when it did not say.';
