"""sample-data/semantic-search.ipynb: it runs from top to bottom, and every search gives the model's own ranking."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from fixtures_postgres import need_pgvector
from s3vl_local.cloud import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3vl_local.cloud import LocalCloud

nbformat = pytest.importorskip("nbformat", reason="no notebooks: make test installs them")

import run_notebook  # noqa: E402 - needs what is asked for above
from s3vl_local.minilm import embed  # noqa: E402

PAGE = ROOT / "docs" / "notebook.md"
# Each code cell of the notebook that people know, by what stands in it, and where it is here, with what must be there.
CELLS = [
    ("def get_connection()", "connect", "def get_connection()"),
    ("CREATE EXTENSION IF NOT EXISTS vector", "pgvector", "CREATE EXTENSION IF NOT EXISTS vector"),
    ("# Verify extension", "pgvector", "SELECT extname, extversion FROM pg_extension"),
    ("CREATE TABLE IF NOT EXISTS documents", "tables", "CREATE TABLE IF NOT EXISTS documents"),
    ("CREATE TABLE IF NOT EXISTS products", "tables", "CREATE TABLE IF NOT EXISTS products"),
    ("USING hnsw (embedding vector_cosine_ops)", "tables", "USING hnsw (embedding vector_cosine_ops)"),
    ("products_category_idx", "tables", "CREATE INDEX IF NOT EXISTS products_category_idx"),
    ("FROM information_schema.columns", "tables", "FROM information_schema.columns"),
    ("SentenceTransformer(", "embed", "embeddings = embed(contents)"),
    (
        "TRUNCATE TABLE documents; execute_values",
        "insert",
        "INSERT INTO documents (content, metadata, embedding)",
    ),
    ("# Verify insertion", "insert", "SELECT COUNT(*) FROM documents"),
    ("# Show sample", "insert", "metadata->>'topic'"),
    ("# Add tsvector column", "fulltext", "GENERATED ALWAYS AS (to_tsvector('english', content)) STORED"),
    ("# Create GIN index", "fulltext", "USING gin(content_tsv)"),
    ("def hybrid_search", "hybrid", "def hybrid_search(query_text, keyword, top_k=3, vector_weight=0.7)"),
    ("products = [", "products", "INSERT INTO products (name, description, category, price, embedding)"),
    (
        "def product_search",
        "product-search",
        "def product_search(query, category=None, max_price=None, top_k=3)",
    ),
    ("# Check current indexes", "index-list", "FROM pg_indexes"),
    ("CREATE INDEX ON documents USING hnsw", "index-types", "USING hnsw (embedding vector_cosine_ops)"),
    ("CREATE INDEX ON documents USING ivfflat", "index-types", "USING ivfflat (embedding vector_cosine_ops)"),
    ("No index", "index-types", '"no index": None'),
    ("Distance Operators", "index-types", '"<#>": "inner product (negative)"'),
    ("# Table statistics", "statistics", "pg_total_relation_size("),
    ("# Row counts", "statistics", "UNION ALL SELECT 'products', COUNT(*)"),
    ("os.getenv('AURORA_PASSWORD')", "connect", 'get_secret_value(SecretId="aurora-db")'),
    ("Use AWS Secrets Manager", "connect", "secrets.get_secret_value("),
    ("Enable SSL connections", "connect", 'DB_CONFIG["sslmode"]'),
    ("pool.SimpleConnectionPool", "connect", "ConnectionPool("),
    ("Batch operations", "insert", "executemany("),
    ("VACUUM ANALYZE documents", "maintenance", "VACUUM ANALYZE documents"),
    ("REINDEX INDEX", "maintenance", "REINDEX INDEX documents_embedding_idx"),
    ("from sklearn.preprocessing import normalize", "normalize", "normalized = embeddings / np.linalg.norm("),
    (
        "ADD COLUMN deleted_at TIMESTAMP",
        "soft-delete",
        "ALTER TABLE documents ADD COLUMN deleted_at TIMESTAMP",
    ),
    ("def lambda_handler", "lambda", "def lambda_handler(event, context)"),
    ("s3.put_object", "s3-object", "s3.put_object("),
    ("json.dumps({'s3_key'", "s3-object", '"s3_key": f"docs/{doc_id}.txt"'),
    ("DROP TABLE IF EXISTS documents", "cleanup", "DROP TABLE IF EXISTS documents CASCADE"),
    ("DROP TABLE IF EXISTS products", "cleanup", "DROP TABLE IF EXISTS products CASCADE"),
]
QUESTIONS = ["database for storing vectors", "how do computers understand text", "run code without servers"]
# Asked before the notebook cleans up: all of its searches as they are, and then by exact indexes.
ASK = """
import urllib.request

def asked():
    return {
        "semantic": {q: [[row[1] for row in search(q)] for search in (semantic_search, s3_semantic_search)]
            for q in QUESTIONS},
        "topic": {q: [[row[0] for row in search(q, "ai")] for search in (search_by_topic, s3_search_by_topic)]
            for q in QUESTIONS},
        "product": {q: [[row[0] for row in search(q, **conditions)] for search in (product_search, s3_product_search)]
            for q, conditions in SEARCHES.items()},
        "in stock": {role: [row[0] for row in s3_search_in_stock(QUESTIONS[0], 300, role, 8)]
            for role in ("postgres", "sports_shop")},
        "hybrid": [[float(x) for x in row[3:]] + [row[1]] for row in hybrid_search(query, keyword)],
        "rrf": [row[1] for row in rrf_search(query, keyword)],
        "hybrid on S3 Vectors": [row[1] for row in s3_hybrid_search(query, keyword)],
    }

QUESTIONS = %s
for doc in (9,):
    with get_connection() as conn:
        conn.execute("DELETE FROM documents WHERE id = %%s", [doc])
sync()
dumped = {"as it is": asked()}
for name in ("documents", "products"):
    with get_connection() as conn:
        [arn] = conn.execute("SELECT s3vl.resolve_index_arn(%%s)", [name]).fetchone()
    _, bucket, _, index = arn.split("/")
    urllib.request.urlopen(urllib.request.Request(
        f"{os.environ['AWS_ENDPOINT_URL']}/_s3vl/indexes/{bucket}/{index}", b"{}", method="PUT",
        headers={"Authorization": "Bearer " + os.environ["S3VL_TOKEN"], "Content-Type": "application/json"},
    )).close()
lend = get_connection
def get_connection():
    with lend() as conn:
        conn.execute("SET enable_seqscan = off; SET enable_sort = off")
    return lend()
dumped["exact on S3 Vectors, HNSW in PostgreSQL"] = asked()
print(json.dumps(dumped))
"""


class Ran(NamedTuple):
    """The notebook with its results, what was asked at its end, and the page that is made of it."""

    notebook: Any
    asked: dict[str, dict[str, Any]]
    page: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def ran(
    cloud: LocalCloud,
    aws: Callable[..., Any],
    deploy: Callable[..., Any],
    package: bytes,
    install: Callable[[str], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Ran]:
    """Run the notebook once, in a database of its own."""
    need_pgvector()
    folder = tmp_path_factory.mktemp("notebook")
    stack = deploy("notebook", AllowWrites="true", ManageIndexes="true")
    aws("lambda").update_function_code(FunctionName="notebook-vector-query", ZipFile=package)
    server = cloud.postgres()
    server.create_database("notebook")
    install("notebook")
    with server.connect(database="notebook") as connection:
        connection.execute("select s3vl.configure(%s)", [stack.lambda_arn])
    notebook = nbformat.read(run_notebook.SOURCE, as_version=4)
    last = next(place for place, cell in enumerate(notebook.cells) if cell.id == "cleanup")
    notebook.cells.insert(last, nbformat.v4.new_code_cell(ASK % QUESTIONS, id="asked"))
    with run_notebook.prepared(cloud, "notebook", folder) as environment:
        run_notebook.run(notebook, environment)
    asked = notebook.cells.pop(last)
    yield Ran(
        notebook,
        json.loads(asked.outputs[-1].text.splitlines()[-1]),
        folder / "notebook.md",
        dict(environment),
    )
    server.drop_database("notebook")


@pytest.fixture(scope="module")
def page(ran: Ran) -> str:
    """Write the page of the run."""
    run_notebook.write_page(ran.notebook, ran.page)
    return ran.page.read_text()


def cells() -> dict[str, str]:
    """Return the code of the committed notebook by the ids of its cells."""
    notebook = nbformat.read(run_notebook.SOURCE, as_version=4)
    return {cell.id: cell.source for cell in notebook.cells if cell.cell_type == "code"}


def best(question: str, texts: list[str], count: int) -> list[str]:
    """Return the texts nearest to a question, by the model alone."""
    similarities = embed(texts) @ embed([question])[0]
    return [texts[place] for place in np.argsort(-similarities)[:count]]


def value_of(name: str, cell: str) -> Any:
    """Return what a cell of the notebook assigns to a name, a list of dictionaries."""
    [assigned] = re.findall(rf"^{name} = (\[.*?^\])$", cells()[cell], re.MULTILINE | re.DOTALL)
    return eval(assigned)  # noqa: S307 - our own notebook


@pytest.mark.parametrize(("theirs", "cell", "ours"), CELLS)
def test_every_cell_of_the_known_notebook_is_there(theirs: str, cell: str, ours: str) -> None:
    """None of its code cells is forgotten."""
    assert ours in cells()[cell], theirs


def test_it_is_committed_without_results() -> None:
    """The file has no outputs, so that a change of it is a change of what stands in it."""
    notebook = nbformat.read(run_notebook.SOURCE, as_version=4)

    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells if cell.get("outputs") or cell.get("execution_count")] == []
    assert sum("psycopg2" in cell.source for cell in notebook.cells) == 1


def test_searches_of_documents_give_the_ranking_of_the_model(ran: Ran) -> None:
    """Both ways find the same, whether they are exact or not, with a filter and without."""
    documents = value_of("documents", "embed")
    texts = [document["content"] for document in documents]
    about_ai = [document["content"] for document in documents if document["metadata"]["topic"] == "ai"]

    for how, asked in ran.asked.items():
        for question in QUESTIONS:
            assert asked["semantic"][question] == [best(question, texts, 3)] * 2, how
            assert asked["topic"][question] == [best(question, about_ai, 3)] * 2, how


def test_each_type_of_index_gives_the_ranking_of_the_model(ran: Ran) -> None:
    """HNSW, IVFFlat and no index at all print the documents in the same order."""
    [cell] = [cell for cell in ran.notebook.cells if cell.id == "index-types"]
    texts = [document["content"] for document in value_of("documents", "embed")]
    ranking = [texts.index(text) + 1 for text in best(QUESTIONS[0], texts, len(texts))]

    printed = "".join(output.text for output in cell.outputs)
    orders = dict(re.findall(r"^(\w.*?) +(\[.+\])$", printed, re.MULTILINE))

    assert orders == dict.fromkeys(["HNSW", "IVFFlat", "no index"], str(ranking))


@pytest.mark.parametrize(
    ("question", "category", "most", "count"),
    [
        ("something for exercise", None, None, 3),
        ("fitness gear", "Sports", 100, 3),
        ("gadgets for tracking health", "Electronics", None, 2),
    ],
)
def test_searches_of_products_give_the_ranking_of_the_model(
    ran: Ran, question: str, category: str | None, most: float | None, count: int
) -> None:
    """Each of the known searches, by pgvector and S3 Vectors alike, whether they are exact or not."""
    names = {
        product["description"]: product["name"]
        for product in value_of("products", "products")
        if category in {None, product["category"]} and product["price"] <= (most or 1000)
    }
    expected = [names[text] for text in best(question, list(names), count)]

    for how, asked in ran.asked.items():
        assert asked["product"][question] == [expected] * 2, how


def test_a_search_among_rows_gives_no_row_that_the_role_may_not_see(ran: Ran) -> None:
    """Those in stock in the order of the model, all of them, or those of the role's row security alone."""
    stocked = [
        product
        for product in value_of("products", "products")
        if product["name"] != "Yoga Mat" and product["price"] <= 300
    ]
    names = {product["description"]: product["name"] for product in stocked}
    ranking = [names[text] for text in best(QUESTIONS[0], list(names), len(names))]
    sports = {product["name"] for product in stocked if product["category"] == "Sports"}

    for how, asked in ran.asked.items():
        assert asked["in stock"]["postgres"] == ranking, how
        assert asked["in stock"]["sports_shop"] == [name for name in ranking if name in sports], how


def test_hybrid_searches_add_what_they_say(ran: Ran) -> None:
    """The weighted sum is of the model's similarity and the text rank, and RRF is of both ranks."""
    texts = [document["content"] for document in value_of("documents", "embed")]
    question, word = QUESTIONS[0], "database"
    similarity = dict(zip(texts, (embed(texts) @ embed([question])[0]).tolist(), strict=True))
    by_vector = {text: rank for rank, text in enumerate(best(question, texts, len(texts)), 1)}
    by_text = {text: 1 for text in texts if word in text}
    fused = {text: 1 / (60 + by_vector[text]) + (1 / 61 if text in by_text else 0) for text in texts}

    for asked in ran.asked.values():
        assert len(asked["hybrid"]) == 2
        for score, near, rank, text in asked["hybrid"]:
            assert near == pytest.approx(similarity[text], abs=1e-5)
            assert score == pytest.approx(0.7 * near + 0.3 * rank, abs=1e-5)
            assert (rank > 0) == (text in by_text)
        assert asked["rrf"] == sorted(texts, key=lambda text: -fused[text])[:3]
        assert asked["hybrid on S3 Vectors"] == asked["rrf"]


def test_the_function_answers_as_both_searches_do(ran: Ran) -> None:
    """The function that searches is really invoked, and finds the same by pgvector and S3 Vectors."""
    [printed] = [cell.outputs[-1].text for cell in ran.notebook.cells if cell.id == "lambda"]
    texts = [document["content"] for document in value_of("documents", "embed")]
    status, _, body = printed.partition(" ")

    assert status == "200"
    [nearest] = best("run code without servers", texts, 1)
    assert {json.loads(body)[how] for how in ("pgvector", "S3 Vectors")} == {nearest}


def test_the_page_shows_what_is_printed(page: str) -> None:
    """docs/notebook.md is what the notebook prints now; the pictures of measured times differ."""
    assert page == PAGE.read_text(), "run: make notebook PAGE=docs/notebook.md"


def test_the_page_has_no_error_no_path_and_no_secret(ran: Ran, page: str) -> None:
    """Nobody's machine and nobody's login is in it or in a picture."""
    pictures = list(ran.page.with_suffix("").glob("*.svg"))
    texts = [page, json.dumps(ran.notebook), *(picture.read_text() for picture in pictures)]
    secrets = [ran.environment[name] for name in ("PGPASSWORD", "AWS_SECRET_ACCESS_KEY", "S3VL_TOKEN")]
    outputs = [output for cell in ran.notebook.cells for output in cell.get("outputs", [])]

    assert {output.output_type for output in outputs} == {"stream", "display_data"}
    assert {output.get("name", "stdout") for output in outputs} == {"stdout"}
    for text in texts:
        for hidden in (*secrets, str(ROOT), str(Path.home()), str(ran.page.parent), "Traceback"):
            assert hidden not in text


def test_pictures_can_be_read(ran: Ran, page: str) -> None:
    """Each has a title, names for both axes or their ticks, a legend, and is described for those who cannot see it."""
    shown = dict(re.findall(r"!\[(.{40,})\]\(notebook/(.+)\)", page))
    assert len(shown) == 3

    for name in shown.values():
        for folder in (PAGE.with_suffix(""), ran.page.with_suffix("")):
            drawn = (folder / name).read_text()
            words = re.findall(r"<text[^>]*>([^<]+)</text>", drawn)
            assert len(words) >= 12, name
            sizes = [float(size) for size in re.findall(r"<text[^>]*font(?:-size)?: ([\d.]+)px", drawn)]
            assert len(sizes) == len(words)
            assert min(sizes) >= 8, name
