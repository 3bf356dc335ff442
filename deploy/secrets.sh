#!/bin/sh
# Write a random password for each secret that docker-compose.yml names, into deploy/secrets.
# Those that exist are kept: what is in a volume already was made with them. `make secrets` calls this.
set -eu
cd "$(dirname "$0")/.."
mkdir -p deploy/secrets
chmod 700 deploy/secrets # the directory keeps others out; the containers' users must read the files
for name in $(sed -n 's|.*file: \./deploy/secrets/\([a-z_]*\).*|\1|p' docker-compose.yml); do
  file=deploy/secrets/$name
  if [ -s "$file" ]; then
    echo "$file is kept"
  else
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' | tr -d '\n' >"$file"
    chmod 444 "$file"
    echo "$file is new"
  fi
done
