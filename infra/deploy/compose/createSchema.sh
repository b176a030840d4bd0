#!/bin/sh
# Creates the tables of Temporal and of its visibility store in PostgreSQL, or brings those of an earlier version up to date.
# Called again it changes nothing. Needs SQL_PLUGIN, SQL_HOST, SQL_PORT, SQL_USER and SQL_PASSWORD, as temporal-sql-tool reads them.
set -eu

for store in temporal visibility; do
  if [ "$store" = temporal ]; then database=temporal; else database=temporal_visibility; fi
  temporal-sql-tool --db "$database" create
  temporal-sql-tool --db "$database" setup-schema -v 0.0
  temporal-sql-tool --db "$database" update-schema -d "/etc/temporal/schema/postgresql/v12/$store/versioned"
done
