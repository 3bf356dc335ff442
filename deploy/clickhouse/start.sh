#!/bin/sh
# The entry point of docker-compose's clickhouse: users.xml takes each password from a variable,
# which only this process and its child see; docker-compose gives each as a file.
set -eu
for user in sink board grafana auditor; do
  password=$(cat "/run/secrets/clickhouse_$user")
  test -n "$password" || { echo "the secret clickhouse_$user is empty: see make secrets" >&2; exit 1; }
  export "clickhouse_$user=$password"
done
exec clickhouse-server --config-file=/etc/clickhouse-server/config.xml
