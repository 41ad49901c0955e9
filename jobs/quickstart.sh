#!/usr/bin/env bash
# From a fresh clone to recommendations: install what is missing, build, make
# demo data, run the whole main job under mpirun, show what came out.
#
#     jobs/quickstart.sh             as many ranks as cores, at most 4
#     RANKS=7 jobs/quickstart.sh     any number: the numbers stay the same
#
# Everything it writes is under build/.
set -u
cd "$(dirname "$0")/.." || exit
. cmake/packages.sh

cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
ranks=${RANKS:-$((cores < 4 ? cores : 4))}
case $ranks in
'' | *[!0-9]* | 0*)
    echo "RANKS=$ranks: give the number of ranks, such as RANKS=2" >&2
    exit 2
    ;;
esac

coracle=build/release/jobs/coracle
demo=build/quickstart

bold='' plain=''
if [ -t 1 ]; then bold=$'\e[1m' plain=$'\e[0m'; fi

# A heading.
say() {
    printf '%s%s%s\n' "$bold" "$*" "$plain"
}

# Show a command, then run it on all ranks; the tour ends where one fails.
run() {
    printf '$ mpirun -n %s coracle %s\n\n' "$ranks" "$*"
    mpirun -n "$ranks" "$coracle" "$@" && echo && return
    local code=$?
    say "The tour ends here: that command left with exit code $code." >&2
    exit "$code"
}

# What Open MPI needs to know of this machine. Your own settings win.
prepare_mpi() {
    if [ "$(id -u)" = 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
    if [ "$ranks" -gt "$cores" ]; then
        export OMPI_MCA_rmaps_base_oversubscribe=1
        export OMPI_MCA_mpi_yield_when_idle=1
    fi
    export OMPI_MCA_hwloc_base_binding_policy="${OMPI_MCA_hwloc_base_binding_policy:-none}"
    export OMP_NUM_THREADS="${OMP_NUM_THREADS:-$((cores > ranks ? cores / ranks : 1))}"
}

build() {
    mkdir -p build
    { cmake --preset release -DCOR_TESTS=OFF &&
        cmake --build --preset release; } >build/quickstart.log 2>&1 && return
    tail -n 30 build/quickstart.log >&2
    say "The build failed; build/quickstart.log has all of it." >&2
    exit 1
}

# A library of ten books and eight readers, as CSV files.
write_books() {
    cat >"$demo/books.csv" <<'END'
book,title
b1,Treasure Island
b2,Moby Dick
b3,Kidnapped
b4,"Twenty Thousand Leagues Under the Seas"
b5,Robinson Crusoe
b6,Pride and Prejudice
b7,Emma
b8,Jane Eyre
b9,Middlemarch
b10,"North and South"
END
    cat >"$demo/readers.csv" <<'END'
reader,book,stars
ann,b1,5
ann,b2,4
ann,b3,5
ann,b6,2
bob,b1,4
bob,b3,5
bob,b4,5
bob,b7,1
cem,b2,5
cem,b4,4
cem,b5,5
cem,b8,2
dee,b6,5
dee,b7,5
dee,b9,4
dee,b2,1
eve,b6,4
eve,b8,5
eve,b10,5
eve,b1,2
fay,b7,5
fay,b8,4
fay,b9,5
fay,b10,4
fay,b5,1
gus,b1,5
gus,b4,4
gus,b5,4
gus,b9,2
hal,b7,4
hal,b10,5
hal,b6,5
hal,b3,2
END
}

main_job() {
    say "1. Demo data: 20,000 users, 2,000 items, a million ratings"
    run generate -o "$demo/ratings.h5" --users 20000 --items 2000 \
        --interactions 1000000 --rank 8 --noise 0.5
    say "2. What is in the store?"
    run info "$demo/ratings.h5"
    say "3. Keep the users and items with enough ratings to learn from"
    run kcore "$demo/ratings.h5" -o "$demo/core.h5" --users 10 --items 10
    say "4. Cut by time: the past to learn, the days after it to judge"
    run split "$demo/core.h5" -o "$demo/demo" --by time --fractions 0.8,0.1,0.1
    say "5. Train; the validation part says when it is best"
    run als "$demo/demo.train.h5" --valid "$demo/demo.valid.h5" \
        -o "$demo/model.h5" --factors 32 --iterations 10 --reg 5 \
        --bias --reg-bias 2
    say "6. How good is it on ratings that it has never seen?"
    run evaluate "$demo/model.h5" "$demo/demo.test.h5"
    say "7. What should these three users see next? (One is unknown.)"
    run recommend "$demo/model.h5" --users 1,2,3 -n 5 \
        --seen "$demo/demo.train.h5"
    say "8. What does everyone like?"
    run popular "$demo/demo.train.h5" -n 5 --min-interactions 200
}

books_job() {
    say "9. A file of your own: eight readers, ten books, with titles"
    write_books
    run ingest "$demo/readers.csv" -o "$demo/books.h5" \
        --columns user=reader,item=book,value=stars \
        --titles "$demo/books.csv" --titles-columns item=book,title=title
    run als "$demo/books.h5" -o "$demo/books-model.h5" --factors 2 \
        --iterations 20 --reg 0.5 --bias --reg-bias 0.5
    run recommend "$demo/books-model.h5" --users ann,dee -n 3 \
        --seen "$demo/books.h5"
}

say "coracle: $ranks ranks on $cores cores"
cor_packages_install "${cor_packages_build[@]}" || exit 1
echo "Building (the first time takes a minute) ..."
build
prepare_mpi
rm -rf "$demo"
mkdir -p "$demo" || exit 4
main_job
books_job

say "That is all. What to try next:"
cat <<END
  RANKS=3 jobs/quickstart.sh      the same numbers to the last bit, on 3 ranks
  $coracle als --help
  README.md                       the same tour on the MovieLens ratings
  data/README.md                  other public data, and how to ingest each
  slurm/README.md                 the same commands as batch jobs on a cluster
  tests/run.sh                    every test at its rank counts

All files of this tour are in $demo (any HDF5 tool opens the .h5 files).
END
