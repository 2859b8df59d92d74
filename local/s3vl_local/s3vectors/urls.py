"""Where S3 Vectors is served: every operation is a POST to its own name, tags are REST."""

from moto.s3vectors import urls as moto_urls

from s3vl_local.s3vectors.responses import S3VectorsResponse

url_bases = moto_urls.url_bases

url_paths = {
    "{0}/(?P<operation>[A-Za-z]+)$": S3VectorsResponse.dispatch,
    "{0}/tags/(?P<resourceArn>.+)$": S3VectorsResponse.dispatch,
}
