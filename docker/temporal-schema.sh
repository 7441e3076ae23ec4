#!/bin/sh
# Creates Temporal's two databases and brings their schemas up to date; a second run changes nothing.
set -eu

for database in temporal temporal_visibility; do
  tool="temporal-sql-tool --plugin $SQL_PLUGIN --ep $SQL_HOST --port $SQL_PORT --user $SQL_USER --db $database"
  $tool create
  $tool setup-schema -v 0.0
  $tool update-schema -d "/etc/temporal/schema/postgresql/v12/${database#temporal_}/versioned"
done
