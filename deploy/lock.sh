#!/bin/sh
# Make the hashed locks anew from pyproject.toml: `make lock` calls this.
#   requirements-dev.lock    everything; resolved first, so that the others hold the same versions
#   requirements.lock        what `make run` needs: the application and the embedded ClickHouse
#   deploy/requirements.lock what the container image holds: the application alone
# One lock serves Python 3.11 and later on every platform; no lock names a package index.
set -eu
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}

lock() { # FILE, OPTION...
  file=$1
  shift
  "$BIN"/python -c "import tomllib
with open('pyproject.toml', 'rb') as file:
    print(*tomllib.load(file)['build-system']['requires'], sep='\n')" |
    "$BIN"/uv pip compile pyproject.toml - --quiet --upgrade \
      --universal --python-version 3.11 --generate-hashes --no-annotate \
      --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
      --output-file "$file" "$@"
}

lock requirements-dev.lock --all-extras
lock requirements.lock --extra local --constraint requirements-dev.lock
lock deploy/requirements.lock --constraint requirements-dev.lock
wc -l requirements-dev.lock requirements.lock deploy/requirements.lock
