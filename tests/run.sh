#!/usr/bin/env bash
# Install what is missing, build with warnings as errors, run every test at its
# rank counts.
set -u
cd "$(dirname "$0")/.." || exit
. cmake/packages.sh

usage() {
    cat <<END
usage: tests/run.sh [--sanitize] [CTEST OPTIONS]

Installs what is missing (as root or with sudo), builds with warnings as errors
and runs every test at its rank counts.

  --sanitize  build with the address and undefined-behaviour sanitizers; without
              any option the rooms' tests at 1 and 3 ranks and every job once
              are run with them too
  --help      this text

All else goes to ctest, for example:

  tests/run.sh -R team          the tests whose name holds "team"
  tests/run.sh -L store -V      all of the room store, with their output

CORACLE_TEST_DATA names a folder of real data; tests that need it are skipped,
and counted as skipped, where it is not set.
END
}

preset=tests
options=()
for word in "$@"; do
    case $word in
    --sanitize) preset=sanitize ;;
    --help | -h)
        usage
        exit 0
        ;;
    *) options+=("$word") ;;
    esac
done

cor_packages_install "${cor_packages_build[@]}" "${cor_packages_test[@]}" || exit 1
if [ -z "${CORACLE_TEST_DATA:-}" ]; then
    echo "CORACLE_TEST_DATA is not set: tests on real data will be skipped." >&2
fi

# Build a preset and run tests of it. One more at a time than there are cores: a
# test waits for much of its time.
run() {
    cmake --preset "$1" -Wno-dev --log-level=NOTICE &&
        cmake --build --preset "$1" &&
        ctest --preset "$1" -j "$(($(nproc) + 1))" "${@:2}"
}

run "$preset" "${options[@]}" || exit
if [ "$preset" = tests ] && [ ${#options[@]} -eq 0 ]; then
    run sanitize -R '^[a-z]+\.[a-z_]+\.[13]$|^faults\.runs$'
fi
