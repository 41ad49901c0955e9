#!/usr/bin/env bash
# The Debian and Ubuntu packages that coracle stands on, and how they get there.
# jobs/quickstart.sh and tests/run.sh source this file; by itself it installs
# everything:
#
#     cmake/packages.sh            install what is missing
#     cmake/packages.sh --list     print the names

# To build and to run; README.md says why each was chosen.
cor_packages_build=(
    gcc g++ libc6-dev cmake ninja-build pkg-config
    openmpi-bin libopenmpi-dev
    libhdf5-openmpi-dev hdf5-tools
    libopenblas-openmp-dev liblapacke-dev
    libpopt-dev libjansson-dev libmd-dev libxxhash-dev librandom123-dev
    libsimdjson-dev libpcre2-dev zlib1g-dev libzstd-dev
    gnuplot-nox
)
# To test as well.
cor_packages_test=(
    libcmocka-dev python3 python3-numpy python3-h5py
)

# Those of the packages named that are not installed, one a line.
cor_packages_missing() {
    local package
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = \
            installed ] || echo "$package"
    done
}

# Run apt-get as root: directly, or by sudo where it is there and lets us.
cor_packages_apt() {
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get -o DPkg::Lock::Timeout=120 "$@"
}

# Whether we may install: as root, or by sudo (which may ask for a password
# where there is a terminal to ask on).
cor_packages_may_install() {
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null || return 1
    if [ -t 0 ] && [ -t 2 ]; then sudo -v; else sudo -n true 2>/dev/null; fi
}

# Say what is missing and who can help.
cor_packages_ask() {
    cat >&2 <<END
$# packages are missing, and installing them needs root. Please ask whoever
looks after this machine to run

    apt-get update
    apt-get install --no-install-recommends $*

and then start this again. (On a cluster these are often modules: load MPI,
parallel HDF5, OpenBLAS and CMake, and build as README.md describes.)
END
}

# cor_packages_install PACKAGE...: install those that are missing. The package
# lists are fetched only if apt-get does not get there without.
cor_packages_install() {
    local missing log
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        echo "This is not Debian or Ubuntu (no apt-get), so nothing is installed" \
            "here. Needed are: $*" >&2
        return 0
    fi
    mapfile -t missing < <(cor_packages_missing "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if ! cor_packages_may_install; then
        cor_packages_ask "${missing[@]}"
        return 1
    fi
    echo "Installing ${#missing[@]} packages: ${missing[*]}" >&2
    log=$(mktemp) || return 1
    if cor_packages_apt install -y --no-install-recommends "${missing[@]}" \
            >"$log" 2>&1 ||
        { cor_packages_apt update &&
            cor_packages_apt install -y --no-install-recommends \
                "${missing[@]}"; } >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 25 "$log" >&2
    rm -f "$log"
    echo "apt-get could not install the packages; its last lines are above." >&2
    return 1
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    case ${1:-} in
    '') cor_packages_install "${cor_packages_build[@]}" "${cor_packages_test[@]}" ;;
    --list) printf '%s\n' "${cor_packages_build[@]}" "${cor_packages_test[@]}" ;;
    *)
        echo "usage: cmake/packages.sh [--list]" >&2
        exit 2
        ;;
    esac
fi
