"""What every test folder shares; fixtures live in fixtures_*.py, by subject."""

pytest_plugins = ["fixtures_postgres", "fixtures_cloud", "fixtures_probe", "fixtures_s3vectors", "fixtures_sql"]
