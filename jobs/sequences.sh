#!/usr/bin/env bash
# From raw ratings to the files that sequential recommenders are taught and
# judged with, in one go:
#
#     jobs/sequences.sh RATINGS FOLDER [OPTIONS OF ingest]
#
# Cuts at the times that 80% and 90% of the ratings come before, keeps the k-core
# of the first part, cuts the others to its users and items and numbers all
# alike. In FOLDER are then
#
#     users.txt                        training: a line a user, "user item item ..."
#     train.tsv  valid.tsv  test.tsv   a line a prefix, "user<tab>item ...<tab>next"
#
# where what a user did before the validation part, and before the test part,
# stands in their prefixes but is not asked for. A step whose result is there
# already is not done again. The environment may say
#
#     LAUNCH   what starts the ranks: "mpirun -n 4", "srun --mpi=pmix", or
#              nothing for a single process (default: mpirun)
#     CORACLE  the program (default: coracle, else build/release/jobs/coracle)
#     CORE     least ratings of a user, and of an item, in training (5)
#     LEAST    least items of a prefix (1)
#     MOST     items that a prefix keeps, its last ones; 0: all (50)
set -u
[ $# -ge 2 ] || {
    echo "usage: jobs/sequences.sh RATINGS FOLDER [OPTIONS OF ingest]" >&2
    exit 2
}
ratings=$1 folder=$2
shift 2
read -ra launch <<<"${LAUNCH-mpirun}"
core=${CORE:-5} least=${LEAST:-1} most=${MOST:-50}
program=${CORACLE:-$(command -v coracle)}
program=${program:-$(dirname "$0")/../build/release/jobs/coracle}

# In a container root is often all there is, and Open MPI wants to be asked twice.
if [ "$(id -u)" = 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# step RESULT JOB ARGUMENT...: unless RESULT is there, run the job.
step() {
    local result=$1
    shift
    [ -e "$result" ] && return
    echo "== coracle $*"
    "${launch[@]}" "$program" "$@" || {
        local code=$?
        echo "coracle $1 left with exit code $code" >&2
        exit "$code"
    }
}

# prefixes PART [HISTORY...]: PART.tsv of these parts.
prefixes() {
    local part=$1 before history=()
    shift
    for before in "$@"; do
        history+=(--history "$folder/core/cut.$before.h5")
    done
    step "$folder/$part.tsv" sequences "$folder/core/cut.$part.h5" \
        -o "$folder/$part.tsv" --prefixes --min-length "$least" \
        --max-length "$most" "${history[@]}"
}

mkdir -p "$folder" || exit 4
step "$folder/all.h5" ingest "$ratings" -o "$folder/all.h5" "$@"
step "$folder/cut.test.h5" \
    split "$folder/all.h5" -o "$folder/cut" --force \
    --by time --fractions 0.8,0.1,0.1
step "$folder/core/cut.test.h5" \
    kcore "$folder/cut.train.h5" "$folder/cut.valid.h5" "$folder/cut.test.h5" \
    -o "$folder/core" --force --users "$core" --items "$core"
step "$folder/users.txt" \
    sequences "$folder/core/cut.train.h5" -o "$folder/users.txt"
prefixes train
prefixes valid train
prefixes test train valid
