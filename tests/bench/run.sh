#!/usr/bin/env bash
# Measure: build the release, make data and a Python with the peers, run ours and
# theirs in turn, write tables.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd) || exit
here=$root/tests/bench

usage() {
    cat <<END
usage: tests/bench/run.sh [NAME...] [--tiny] [--build FOLDER] [OPTIONS]

names: ceilings linalg ingest kcore split als als_implicit sgd knn tune recommend
       pca gmm scaling memory pipeline large records
       (without any: all but large and records, which are long)

  --tiny          a tiny size of each in seconds, without peers: only to see
                  that it all works
  --build FOLDER  use what is built there, instead of building build/release
  --sets NAMES    only these of r1m,r20m,amz
  --repeats N     runs of each, of which the median counts (default 3)
  --help          this text

Writes build/bench/results.md and results.json; a run of some names keeps the
last results of the others. Sets and peers are kept in CORACLE_BENCH_DATA
(default build/bench/data; 4 GB).

CORACLE_BENCH_GENERATOR  a program that makes the rated sets: NAME USERS ITEMS
                         ROWS SEED FOLDER leaves FOLDER/NAME.csv
CORACLE_BENCH_PROBES     a folder with alsprobe.c, measured beside als
END
}

build= tiny= words=()
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --build)
        build=${2:?--build needs a folder}
        shift
        ;;
    --tiny) tiny=1 words+=("$1") ;;
    *) words+=("$1") ;;
    esac
    shift
done

build_release() {
    build=$root/build/release
    (cd "$root" && cmake --preset release -Wno-dev --log-level=NOTICE >&2 &&
        cmake --build --preset release --target coracle-command \
            bench_machine bench_kernels bench_stages bench_clock >&2)
}

# LIBMF out of the source of its Python package, whose own build has neither
# vectors nor threads.
make_libmf() {
    local source
    source=$(mktemp -d) || return
    "$venv/bin/pip" download -q --no-deps --no-binary :all: -d "$source" \
        libmf==0.9.2 >&2 && tar -xzf "$source"/libmf-*.tar.gz -C "$source" &&
        g++ -O3 -march=native -std=c++11 -pthread -DUSEAVX -w \
            -I"$source"/libmf-0.9.2/src_cpp "$here/libmf.cpp" \
            "$source"/libmf-0.9.2/src_cpp/mf.cpp -o "$1/libmf"
    local result=$?
    rm -rf "$source"
    return $result
}

# A Python with the peers that can be had; each is optional.
make_peers() {
    local venv=$1/venv peer
    python=$venv/bin/python
    [ -x "$python" ] || python3 -m venv "$venv" || return
    for peer in numpy h5py pandas polars duckdb scikit-learn implicit; do
        "$python" -c "import ${peer/scikit-learn/sklearn}" 2>/dev/null ||
            "$venv/bin/pip" install -q "$peer" >&2 ||
            echo "skipped: $peer cannot be installed" >&2
    done
    [ -x "$1/libmf" ] || make_libmf "$1" ||
        echo "skipped: LIBMF cannot be built" >&2
    "$python" -c "import numpy, h5py" || {
        echo "numpy and h5py are needed, and cannot be installed" >&2
        return 1
    }
}

if [ -z "$build" ]; then
    build_release || exit 1
fi
if [ -n "$tiny" ]; then
    data=$(mktemp -d) || exit 1
    trap 'rm -rf "$data"' EXIT
    results=$data/results
    python=/usr/bin/python3
    [ -x "$python" ] || python=python3
else
    data=${CORACLE_BENCH_DATA:-$root/build/bench/data}
    results=$root/build/bench
    mkdir -p "$data" && make_peers "$data" || exit 1
fi
"$python" "$here/bench.py" --build "$build" --data "$data" \
    --results "$results" "${words[@]}"
