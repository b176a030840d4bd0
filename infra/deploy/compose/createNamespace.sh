#!/bin/sh
# Creates the namespace of runs, and the search attributes that they set. Called again it changes nothing.
# Needs TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, as the Temporal CLI reads them, and its rights to do so.
set -eu

until temporal operator cluster health >/dev/null 2>&1; do
  echo "Temporal does not answer at $TEMPORAL_ADDRESS yet"
  sleep 1
done
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 90d
# A namespace that was just created is known everywhere a few seconds later.
attempts=0
until temporal operator search-attribute list | grep -q ReftAccuracy; do
  attempts=$((attempts + 1))
  if [ "$attempts" -gt 30 ]; then
    echo "The search attributes cannot be created" >&2
    exit 1
  fi
  temporal operator search-attribute create \
    --name ReftPhase --type Keyword --name ReftRound --type Int --name ReftAccuracy --type Double || true
  sleep 1
done
echo "Namespace $TEMPORAL_NAMESPACE is ready"
