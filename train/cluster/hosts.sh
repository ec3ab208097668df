#!/bin/sh
# One process of several that train together: run it once on every host, from the folder of Pneumo, as
#     train/cluster/hosts.sh fit --run RUN --data DATA ...
# Under SLURM's srun it finds out by itself who it is. Elsewhere set PROCESSES (how many there are), PROCESS (which one
# this is, from 0) and FIRST_HOST (the host of number 0, reached on PORT). All need the same folder for RUN.
set -eu
if [ -z "${FIRST_HOST:-}" ]; then
    : "${SLURM_JOB_NODELIST:?set FIRST_HOST, or start this by srun}"
    FIRST_HOST=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
fi
export KERAS_BACKEND=jax
export KERAS_DISTRIBUTION_NUM_PROCESSES="${PROCESSES:-${SLURM_NTASKS:?set PROCESSES, or start this by srun}}"
export KERAS_DISTRIBUTION_PROCESS_ID="${PROCESS:-${SLURM_PROCID:?set PROCESS, or start this by srun}}"
export KERAS_DISTRIBUTION_JOB_ADDRESSES="$FIRST_HOST:${PORT:-8476}"
exec "${PYTHON:-.venv/bin/python}" -m train "$@" --all-devices
