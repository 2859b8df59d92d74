-- The product catalogue that the combined query of queries.sql joins.

-- Create sample product table
CREATE TABLE s3vl_demo_products (
    vector_key TEXT PRIMARY KEY,
    product_name TEXT,
    category TEXT,
    price DECIMAL(10,2),
    in_stock BOOLEAN,
    description TEXT
);

-- Insert sample data matching test vectors
INSERT INTO s3vl_demo_products VALUES
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
    ('vec_050', 'Identical Unit C', 'identical', 99.99, true, 'Standard reference unit');
