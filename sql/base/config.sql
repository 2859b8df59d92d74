-- Which Lambda function s3vl calls, and how long a call may take: one row, or none before
-- configure(). No key and no password: Aurora's IAM role is what opens the Lambda function.
create table s3vl.config (
    is_the_only_row boolean not null default true,
    lambda_arn text not null,
    aws_region text not null,
    timeout_seconds integer not null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    last_validated_at timestamptz,
    last_validation_status text,
    constraint config_pkey primary key (is_the_only_row),
    constraint config_single_row check (is_the_only_row),
    constraint config_timeout_seconds_range check (timeout_seconds between 1 and 900)
);

comment on table s3vl.config is
    'Which Lambda function is called. A single row, written by s3vl.configure(); read it with '
    's3vl.get_config().';
comment on column s3vl.config.is_the_only_row is
    'Always true: as the primary key it allows one row.';
comment on column s3vl.config.lambda_arn is
    'ARN of the Lambda function, with alias or version when one was given.';
comment on column s3vl.config.aws_region is
    'Region of the Lambda function.';
comment on column s3vl.config.timeout_seconds is
    'Limit of one SQL call in seconds, 1 to 900, however many Lambda invocations it takes.';
comment on column s3vl.config.created_at is
    'When s3vl was configured first.';
comment on column s3vl.config.updated_at is
    'When s3vl was configured last.';
comment on column s3vl.config.last_validated_at is
    'When s3vl.configure() asked the Lambda function whether it is there.';
comment on column s3vl.config.last_validation_status is
    'What came of it: ok, or failed with the reason.';
