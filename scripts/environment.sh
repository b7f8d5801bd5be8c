# Sourced by quickstart and test, never run: the system's packages, .venv, eden built into it, data.
# What is needed is asked for by its file or by an import, so a system that has it some other way
# than by a Debian package is left as it is.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Any of these would put foreign packages in front of those of .venv, or install past it.
unset PYTHONPATH PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX
# What is imported is compiled once, when it first is.
unset PYTHONDONTWRITEBYTECODE
export PYTHONNOUSERSITE=1
# Threads that wait for each other give their core away: where another program shares the cores,
# spinning makes the small steps of LeNet twenty times slower, and elsewhere nothing faster.
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

readonly TORCH_VERSION=2.13.0
readonly DATA_PACKAGE=/usr/share/datasets/fashion-mnist

say() { printf '\n== %s\n' "$*"; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 2; }
venv_python() { .venv/bin/python "$@"; }
# Not compiled to bytecode here: that takes ten seconds, and most of it is never imported.
pip_install() { venv_python -m pip install --disable-pip-version-check --no-compile "$@"; }

# Installs Debian packages where that asks nobody for a password; status 1 where it may not.
apt_install() {
  local as_root=()
  command -v apt-get >/dev/null || return 1
  if ((EUID != 0)); then
    sudo -n true 2>/dev/null || return 1
    as_root=(sudo -n)
  fi
  say "Installing $*"
  # One unreachable source must not stop packages that another source has.
  "${as_root[@]}" apt-get update -qq || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# The interpreter .venv is, or will be, made from.
find_python() {
  local candidate
  for candidate in .venv/bin/python python3 python3.{11..19}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
    [[ $candidate != .venv/* || ! -x $candidate ]] ||
      fail ".venv holds $("$candidate" -V 2>&1), accepted is Python >= 3.11: remove .venv and try again"
  done
  fail "no Python >= 3.11 found: install one (Debian 12, Ubuntu 24.04 or later: apt-get install python3)"
}

has_header() {
  local folder
  for folder in "${NLOHMANN_JSON_INCLUDE:-}" /usr/include /usr/local/include /opt/homebrew/include; do
    [[ ! -e $folder/$1 ]] || return 0
  done
  return 1
}

# System packages: what building needs, and what the caller names besides (header:package).
system_packages() {
  local python version wanted missing=()
  python=$(find_python)
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  command -v "${CXX:-g++}" >/dev/null || missing+=(g++)
  for wanted in nlohmann/json.hpp:nlohmann-json3-dev "$@"; do
    has_header "${wanted%:*}" || missing+=("${wanted#*:}")
  done
  "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' ||
    missing+=("python$version-dev")
  # Debian's Python comes without the part of the standard library that puts pip into a new venv.
  [[ -x .venv/bin/python ]] || "$python" -c 'import ensurepip' 2>/dev/null ||
    missing+=("python$version-venv")
  ((${#missing[@]} == 0)) || apt_install "${missing[@]}" ||
    fail "system packages are missing, install them first: apt-get install ${missing[*]}"
}

make_venv() {
  if [[ ! -x .venv/bin/python ]]; then
    say "Making .venv"
    "$(find_python)" -m venv --clear .venv
  fi
  # Absent after an interrupted start, and in venvs that other tools make.
  venv_python -m pip --version >/dev/null 2>&1 || venv_python -m ensurepip >/dev/null
  if ! venv_python -c 'import sys, torch; sys.exit(torch.__version__ < (2, 11))' 2>/dev/null; then
    say "Installing torch $TORCH_VERSION"
    pip_install "torch==$TORCH_VERSION"
  fi
}

# Compiles only when something that is compiled, the interpreter or the place has changed.
install_eden() {
  local stamp=.venv/eden-installed now
  now=$({
    echo "$PWD"
    venv_python -VV
    # What the choice of EDEN_CUDA in setup.py depends on.
    venv_python -c 'from importlib.metadata import version; print(version("torch"))'
    echo "${EDEN_CUDA:-} ${CUDA_HOME:-} ${TORCH_CUDA_ARCH_LIST:-}"
    find csrc kernels setup.py pyproject.toml -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum)
  if [[ -f $stamp && $(<"$stamp") == "$now" ]] && compgen -G 'eden/_C*.so' >/dev/null &&
    compgen -G 'eden/_core*.so' >/dev/null; then
    return
  fi
  say "Building eden (a minute or two)"
  pip_install -q 'setuptools>=77' wheel 'pybind11>=3.0' ninja
  pip_install -q --no-build-isolation -e .
  echo "$now" >"$stamp"
}

# An explicit EDEN_DATA is looked at before anything is installed, and nothing else is tried.
check_data() {
  [[ -n ${EDEN_DATA+set} ]] || return 0
  [[ -n $EDEN_DATA ]] || fail "EDEN_DATA is set to nothing: name a folder with the four Fashion-MNIST files, or unset it"
  [[ -d $EDEN_DATA && -n $(ls -A "$EDEN_DATA") ]] ||
    fail "EDEN_DATA=$EDEN_DATA is not a folder with files in it: name one with the four Fashion-MNIST files, or unset it"
}

# Fashion-MNIST by the order that eden.data.load looks for it.
get_data() {
  local cache="${XDG_CACHE_HOME:-$HOME/.cache}/eden/fashion-mnist"
  [[ -z ${EDEN_DATA+set} ]] || return 0
  # The last file that a package or a download puts in place.
  [[ ! -e $DATA_PACKAGE/t10k-labels-idx1-ubyte.gz && ! -e $cache/t10k-labels-idx1-ubyte.gz ]] ||
    return 0
  apt_install dataset-fashion-mnist && [[ -e $DATA_PACKAGE/t10k-labels-idx1-ubyte.gz ]] && return
  say "Downloading Fashion-MNIST"
  venv_python scripts/download_fashion_mnist.py
}
