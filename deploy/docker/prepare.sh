#!/usr/bin/env bash
# Makes what compose.yaml needs and no repository may hold: a database password, once.
set -euo pipefail
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
if [[ ! -s secrets/database_password ]]; then
    password=$(openssl rand -hex 24)
    printf '%s' "$password" >secrets/database_password
    printf 'postgres://payment:%s@postgres/payment' "$password" >secrets/database_url
fi
# The server's user in the image reads it too.
chmod 644 secrets/database_url
echo 'Ready. Next: docker compose -f deploy/docker/compose.yaml up --build'
