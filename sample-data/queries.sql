-- Needs sample-vectors.json in an index that is registered as 'test-index-5d', and products.sql.

-- Similarity search: find 5 most similar vectors
SELECT * FROM s3vl.query_vectors(
    index_name => 'test-index-5d',
    query_vector => ARRAY[0.23, -0.41, 0.88, 0.0, 0.03],
    top_k => 5,
    return_metadata => TRUE
);

-- Retrieve specific vectors by ID
SELECT * FROM s3vl.get_vectors(
    index_name => 'test-index-5d',
    vector_ids => ARRAY['vec_001', 'vec_002', 'vec_048']
);

-- Test with identical vector (should return similarity score of 1.0)
SELECT * FROM s3vl.query_vectors(
    index_name => 'test-index-5d',
    query_vector => ARRAY[-0.116703, 0.325043, 0.578032, 0.739321, -0.003246],
    top_k => 3,
    return_metadata => TRUE
);

-- Test with metadata filter
SELECT
    vector_id,
    similarity_score,
    metadata
FROM s3vl.query_vectors(
    query_vector => ARRAY[0.1, 0.2, 0.3, 0.4, 0.5],
    index_name => 'test-index-5d',
    top_k => 5,
    return_metadata => TRUE,
    metadata_filter => '{"category": "test"}'::jsonb
);

-- Combined relational and vector query: similarity search + business filters
WITH similar_products AS (
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
LIMIT 5;
