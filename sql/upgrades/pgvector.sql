-- The functions for the types of pgvector are not remade here: what an extension script makes would
-- be a part of the extension, and missing from dumps. Those that are there go on working.
do $$
declare
    _check record;
begin
    for _check in select c.* from s3vl._check_overloads() as c loop
        raise warning '%', _check.detail using hint = _check.hint;
    end loop;
end;
$$;
