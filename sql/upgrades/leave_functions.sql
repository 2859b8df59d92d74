-- Calls that begin before an upgrade and end after it go on with functions that they find by name:
-- so a step drops no internal function. This marks them all; the functions of this version get
-- their own comments back below. What keeps the mark is left, and the next upgrade drops it.
do $$
declare
    _mark constant text := format(
        'Left by an upgrade, in transaction %s, for calls that had begun before it. The next '
        'upgrade drops it.',
        pg_current_xact_id()
    );
    _function record;
begin
    for _function in
        select
            p.oid::regprocedure as name,
            d.description like 'Left by an upgrade%' and d.description <> _mark as is_of_no_use
        from pg_proc as p
        left join pg_description as d
            on d.classoid = 'pg_proc'::regclass and d.objoid = p.oid and d.objsubid = 0
        where p.pronamespace = 's3vl'::regnamespace and p.proname like E'\\_%'
    loop
        if _function.is_of_no_use then
            execute format('drop routine %s', _function.name);
        else
            execute format('comment on routine %s is %L', _function.name, _mark);
        end if;
    end loop;
end;
$$;
