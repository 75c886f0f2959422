#!/usr/bin/env bash
# Installs, on Debian and Ubuntu, the tools that some tests need and npm does not install: a Go compiler with
# the libraries of the Go peers, bubblewrap, strace, an ssh server, Python with its MessagePack, and the
# shells zsh and fish. With --browser, it also installs Chromium for the tests of the site. If one of these
# tools is missing, the tests that need it are skipped, and the last lines of a run say so.
set -eu
packages=(
  golang-go golang-github-hashicorp-yamux-dev golang-github-ugorji-go-codec-dev
  bubblewrap strace procps util-linux
  openssh-server openssh-client
  python3 python3-msgpack
  zsh fish
)
if [ "${1:-}" = --browser ]; then packages+=(chromium); fi
if ! command -v apt-get >/dev/null; then
  echo "there is no apt-get here; by another way install: ${packages[*]}" >&2
  exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}"
