"""The Lambda function of s3vl: JSON requests of the SQL functions in, calls to Amazon S3 Vectors out."""

# Equal to default_version in sql/s3vl.control, which does not travel in the zip; a test compares the two.
VERSION = "1.1.0"
