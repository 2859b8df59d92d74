-- Which keys were seen, in bounded memory: sums of hashes by bucket. Where those of index and table
-- are the same, nothing is missing, and only keys of the other buckets are looked for one by one.

create or replace function s3vl._no_sums(expected bigint)
    returns bigint[]
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- One bucket for about 32 ids, so that few are looked for beside each that is missing.
    select array_fill(
        0::bigint,
        array[
            (2 ^ least(16, greatest(8, ceil(log(2, _no_sums.expected + 1) - 5))))::integer
        ]
    )
$$;

comment on function s3vl._no_sums(bigint) is
    'Returns empty buckets for about so many ids.';

create or replace function s3vl._bucket(key text, buckets integer)
    returns integer
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    select 1 + (hashtextextended(_bucket.key collate "C", 0) & (_bucket.buckets - 1))::integer
$$;

comment on function s3vl._bucket(text, integer) is
    'Returns the bucket of a key; of buckets there are a power of 2.';

create or replace function s3vl._with_keys(sums bigint[], keys text[])
    returns bigint[]
    immutable
    language sql
    set search_path = pg_catalog, pg_temp
as $$
    -- By exclusive or, what is there twice is gone: so the sums of index and table become 0 where
    -- both have the same keys, in whatever order.
    select array(
        select s.sum # coalesce(k.sum, 0)
        from unnest(_with_keys.sums) with ordinality as s (sum, bucket)
        left join (
            select
                s3vl._bucket(u.key, cardinality(_with_keys.sums)) as bucket,
                bit_xor(hashtextextended(u.key collate "C", 1)) as sum
            from unnest(_with_keys.keys) as u (key)
            group by 1
        ) as k on k.bucket = s.bucket
        order by s.bucket
    )
$$;

comment on function s3vl._with_keys(bigint[], text[]) is
    'Adds keys to the sums of their buckets.';
