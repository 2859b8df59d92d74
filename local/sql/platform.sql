-- What Aurora's platform has set up before a customer connects. Runs once, as rdsadmin, in template1,
-- so that every database made later has it too.

create role rds_superuser nologin createdb createrole;
create role postgres login createdb createrole in role rds_superuser;

-- The stand-in for the network between the database and AWS: aws_lambda calls the local Lambda service
-- through dblink, which is created in here where the server has it. Nobody but the platform can use it.
create schema s3vl_local;
revoke all on schema s3vl_local from public;

grant all on schema public to rds_superuser;
