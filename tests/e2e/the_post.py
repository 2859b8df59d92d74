"""What the post tells its reader to type, one by one.

From "Query billion-scale vectors with SQL: Integrating Amazon S3 Vectors and Aurora PostgreSQL" (AWS Database Blog).
Only these differ: the clone is left out, folder and zip names are ours, the VPC and its subnets are those that
exist, and psql's connection comes from the environment. The second look at the stack's status, after delete-stack,
has `|| echo …` in the walkthrough: here a stack is deleted at once, and then describe-stacks fails.
"""

STACK = "sample-rds-lambda-s3vector-integration"

COMMANDS = [
    "cp parameters-example.json parameters.json",
    f"""aws cloudformation create-stack \\
    --stack-name {STACK} \\
    --template-body file://template.yaml \\
    --parameters file://parameters.json \\
    --capabilities CAPABILITY_NAMED_IAM""",
    f"""aws cloudformation describe-stacks \\
    --stack-name {STACK} \\
    --query 'Stacks[].StackStatus'""",
    f"""aws cloudformation wait stack-create-complete \\
    --stack-name {STACK}""",
    f"""aws cloudformation describe-stacks \\
    --stack-name {STACK} \\
    --query 'Stacks[].Outputs[?OutputKey==`AuroraRoleAttachmentCommand`].OutputValue' \\
    --output text""",
    """aws rds add-role-to-db-cluster \\
    --db-cluster-identifier your-cluster-name \\
    --role-arn arn:aws:iam::123456789012:role/s3vl-aurora-lambda-role \\
    --feature-name Lambda \\
    --region us-west-2""",
    "./package.sh",
    """aws lambda update-function-code \\
    --function-name s3vl-vector-query \\
    --zip-file fileb://build/s3vl-lambda.zip""",
    """aws lambda get-function --function-name s3vl-vector-query \\
    --query 'Configuration.[FunctionName,LastModified,CodeSize,State,LastUpdateStatus]'""",
    f"""export S3VL_LAMBDA_FUNCTION_ARN=$(aws cloudformation describe-stacks \\
     --stack-name {STACK} \\
     --query 'Stacks[].Outputs[?OutputKey==`LambdaFunctionArn`].OutputValue' \\
     --output text)
echo ${{S3VL_LAMBDA_FUNCTION_ARN}}""",
    f"""export S3VL_S3_INDEX_ARN=$(aws cloudformation describe-stacks \\
     --stack-name {STACK} \\
     --query 'Stacks[].Outputs[?OutputKey==`S3VectorIndexArn`].OutputValue' \\
     --output text)
echo ${{S3VL_S3_INDEX_ARN}}""",
    "cd ../sql",
    f"""INDEX_ARN=$(aws cloudformation describe-stacks \\
    --stack-name {STACK} \\
    --query 'Stacks[].Outputs[?OutputKey==`S3VectorIndexArn`].OutputValue' \\
    --output text)
echo $INDEX_ARN""",
    """aws s3vectors put-vectors \\
    --index-arn "$INDEX_ARN" \\
    --vectors file://sample-data/sample-vectors.json""",
    """aws s3vectors list-vectors \\
    --index-arn "$INDEX_ARN" \\
    --max-results 5""",
    f"""ROLE_ARN=$(aws cloudformation describe-stacks \\
  --stack-name {STACK} \\
  --query 'Stacks[].Outputs[?OutputKey==`AuroraLambdaRoleArn`].OutputValue' \\
  --output text)
echo $ROLE_ARN""",
    f"""CLUSTER_ID=$(aws cloudformation describe-stacks \\
  --stack-name {STACK} \\
  --query 'Stacks[].Outputs[?OutputKey==`AuroraClusterIdentifier`].OutputValue' \\
    --output text)
echo $CLUSTER_ID""",
    """aws rds remove-role-from-db-cluster \\
    --db-cluster-identifier "$CLUSTER_ID" \\
    --role-arn "$ROLE_ARN" \\
    --feature-name Lambda""",
    f"""aws cloudformation delete-stack \\
    --stack-name {STACK}""",
    f"""aws cloudformation wait stack-delete-complete \\
    --stack-name {STACK}""",
    f"""aws cloudformation describe-stacks \\
--stack-name {STACK} 2>/dev/null || echo "Stack successfully deleted\"""",
    """aws lambda get-function \\
--function-name s3vl-vector-query 2>/dev/null || echo "Lambda function successfully deleted\"""",
]

STATEMENTS = [
    r"\i install.sql",
    r"""\getenv S3VL_LAMBDA_FUNCTION_ARN  S3VL_LAMBDA_FUNCTION_ARN
SELECT s3vl.configure(
    :'S3VL_LAMBDA_FUNCTION_ARN',
    'us-west-2'
);""",
    "SELECT * FROM s3vl.validate_config();",
    r"""\getenv S3VL_S3_INDEX_ARN S3VL_S3_INDEX_ARN
SELECT s3vl.register_index(
    'test-index-5d',
    :'S3VL_S3_INDEX_ARN',
    'Test 5-dimensional vectors for demonstration'
);""",
    """SELECT * FROM s3vl.query_vectors(
    index_name => 'test-index-5d',
    query_vector => ARRAY[0.23, -0.41, 0.88, 0.0, 0.03],
    top_k => 5,
    return_metadata => TRUE
);""",
    """SELECT * FROM s3vl.get_vectors(
    index_name => 'test-index-5d',
    vector_ids => ARRAY['vec_001', 'vec_002', 'vec_048']
);""",
    """SELECT * FROM s3vl.query_vectors(
    index_name => 'test-index-5d',
    query_vector => ARRAY[-0.116703, 0.325043, 0.578032, 0.739321, -0.003246],
    top_k => 3,
    return_metadata => TRUE
);""",
    """SELECT
    vector_id,
    similarity_score,
    metadata
FROM s3vl.query_vectors(
    query_vector => ARRAY[0.1, 0.2, 0.3, 0.4, 0.5],
    index_name => 'test-index-5d',
    top_k => 5,
    return_metadata => TRUE,
    metadata_filter => '{"category": "test"}'::jsonb
);""",
    """CREATE TABLE s3vl_demo_products (
    vector_key TEXT PRIMARY KEY,
    product_name TEXT,
    category TEXT,
    price DECIMAL(10,2),
    in_stock BOOLEAN,
    description TEXT
);""",
    """INSERT INTO s3vl_demo_products VALUES
    ('vec_001', 'Neural Network Processor', 'example', 299.99, true, 'High-performance AI chip'),
    ('vec_002', 'Machine Learning Kit', 'example', 199.99, true, 'Complete ML development kit'),
    ('vec_003', 'Demo Board v1', 'demo', 89.99, false, 'Prototype demonstration board'),
    ('vec_012', 'Demo Board v2', 'demo', 129.99, true, 'Advanced demo hardware'),
    ('vec_015', 'Demo Board v3', 'demo', 149.99, true, 'Latest demo hardware'),
    ('vec_005', 'Sample Sensor', 'sample', 49.99, true, 'Environmental monitoring sensor'),
    ('vec_007', 'Sample Module', 'sample', 79.99, true, 'Modular component system'),
    ('vec_006', 'Test Framework', 'test', 399.99, true, 'Automated testing utility'),
    ('vec_009', 'Test Suite Pro', 'test', 599.99, false, 'Professional testing tools'),
    ('vec_048', 'Identical Unit A', 'identical', 99.99, true, 'Standard reference unit'),
    ('vec_049', 'Identical Unit B', 'identical', 99.99, true, 'Standard reference unit'),
    ('vec_050', 'Identical Unit C', 'identical', 99.99, true, 'Standard reference unit');""",
    """WITH similar_products AS (
    SELECT vector_id, similarity_score
    FROM s3vl.query_vectors(
        index_name => 'test-index-5d',
        query_vector => ARRAY[-0.392024, 0.229378, 0.582031, 0.382919, -0.555263],
        top_k => 10
    )
)
SELECT
    p.product_name,
    p.category,
    p.price,
    sp.similarity_score,
    p.description
FROM similar_products sp
JOIN s3vl_demo_products p ON p.vector_key = sp.vector_id
WHERE p.in_stock = true AND p.price < 500
ORDER BY sp.similarity_score DESC
LIMIT 5;""",
    "DROP SCHEMA IF EXISTS s3vl CASCADE; DROP TABLE IF EXISTS s3vl_demo_products;",
]
