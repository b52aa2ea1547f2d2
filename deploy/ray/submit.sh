#!/bin/bash
# Submit a run to a Ray cluster that stands already:
#     RAY_API_SERVER_ADDRESS=http://head:8265 deploy/ray/submit.sh europe --input s3://bucket/warc.paths.gz --output s3://bucket/runs/cc
# Arguments are those of `weir run`. The cluster has Weir and its packages installed on every node (the
# image of deploy/Containerfile); the dashboard runs on its head, since it takes jobs. Needs `ray[default]`.
set -euo pipefail

# A job that is stopped has ten minutes to let its tasks finish; Ray's own patience is three seconds.
environment='{"env_vars": {"RAY_JOB_STOP_WAIT_TIME_S": "600", "RAY_USAGE_STATS_ENABLED": "0"}}'

# The driver waits and counts: it takes no CPU from the tasks. The same command again resumes the run.
exec ray job submit --runtime-env-json "$environment" --entrypoint-num-cpus 0 \
    -- weir run "$@" --executor ray --address auto --progress plain
