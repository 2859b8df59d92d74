-- First of all: a database in which s3vl could not work, or not safely, is left as it was.
do $$
begin
    perform s3vl._require_platform();
end;
$$;
