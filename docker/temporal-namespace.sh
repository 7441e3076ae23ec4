#!/bin/sh
# Makes the namespace and the search attributes that Longshore uses; a second run changes nothing.
set -eu

namespace=default
retention=720h

until temporal operator cluster health; do
  echo 'Temporal does not answer yet'
  sleep 2
done

temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$namespace" --retention "$retention"

temporal operator search-attribute create --namespace "$namespace" \
  --name LongshoreIntegration --type Keyword \
  --name LongshoreFlow --type Keyword \
  --name LongshoreSystems --type Keyword \
  --name LongshoreProblem --type Keyword
