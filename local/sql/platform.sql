-- What Aurora's platform has set up before a customer connects. Runs once, as rdsadmin, in template1,
-- so that every database made later has it too.

create role rds_superuser nologin createdb createrole;
create role postgres login createdb createrole in role rds_superuser;

grant all on schema public to rds_superuser;
