#!/bin/sh
# Packages the function: ./package.sh, inside lambda/, leaves build/s3vl-lambda.zip.
# A newcomer's python3 does as well as the project's own; what it needs is pip, for the download.
set -eu
cd "$(dirname "$0")"
python=../.venv/bin/python
[ -x "$python" ] || python=python3
# What a terminal's encoding lacks is written as an escape, and ends nothing.
encoding=${PYTHONIOENCODING:-}
PYTHONIOENCODING=${encoding%%:*}:backslashreplace
export PYTHONIOENCODING
exec "$python" ../tools/package_lambda.py
