#!/bin/sh
# Makes a fresh Debian 12 in a directory, installs the package there as docs/operations.md says, with its dependencies,
# and runs a plugin: packaging/smoke-test.sh dist/davit_0.1.0_amd64.deb [MIRROR], as root. Takes one or two minutes.
set -eu

package=$(readlink -f -- "$1")
mirror=${2:-http://deb.debian.org/debian}
page=$(dirname -- "$(readlink -f -- "$0")")/../docs/operations.md
command -v mmdebstrap >/dev/null || { echo "mmdebstrap is missing: apt-get install mmdebstrap" >&2; exit 1; }
# In namespaces of its own: whatever is mounted or left running ends with it.
if [ -z "${DAVIT_SMOKE:-}" ]; then
  DAVIT_SMOKE=$(mktemp -d)
  export DAVIT_SMOKE
  trap 'rm -rf --one-file-system "$DAVIT_SMOKE"' EXIT
  unshare --mount --pid --fork --kill-child --propagation=private "$0" "$package" "$mirror"
  exit
fi
system=$DAVIT_SMOKE

say() { printf 'smoke-test: %s\n' "$*"; }

say "a fresh Debian in $system"
# As root all along: apt's own user may not read the directory of temporary files. No services are to be started. The
# lists of packages are kept, and what nobody reads here is left out.
mmdebstrap --quiet --variant=apt --include=adduser,busybox-static --aptopt='APT::Sandbox::User "root"' \
  --aptopt='APT::Get::Assume-Yes "true"' --aptopt='APT::Install-Recommends "false"' \
  --aptopt='Acquire::Languages "none"' --skip=cleanup/apt/lists --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' bookworm "$system" "$mirror"
# apt's own user reads it.
chmod 755 "$system"
mount --bind "$system" "$system"
mount --make-shared "$system"
mount -t proc proc "$system/proc"
mount -t sysfs sysfs "$system/sys"
mount --rbind /sys/fs/cgroup "$system/sys/fs/cgroup"
mount --rbind /dev "$system/dev"
mount -t tmpfs tmpfs "$system/run"
# An overlay's upper directory cannot lie on another overlay.
mkdir -p "$system/var/lib/davit"
mount -t tmpfs tmpfs "$system/var/lib/davit"
# The installer makes this one.
echo "127.0.0.1 localhost" >"$system/etc/hosts"
cp /etc/resolv.conf "$system/etc/resolv.conf"
cp "$package" "$system/"
inside() { chroot "$system" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }

say "installing the package with its dependencies"
inside useradd you
# The commands of the page, with the package's name as it is here.
sed -n '/^```sh test on installation$/,/^```$/p' "$page" | grep -v '^```' |
  sed "s|davit_[^ ]*\.deb|$(basename "$package")|" >"$system/install.sh"
[ -s "$system/install.sh" ]
inside sh -ec 'cd / && . /install.sh' >"$system/install.log" 2>&1 || { cat "$system/install.log" >&2; exit 1; }

say "checking what it made"
inside getent group davit | grep -q ':you$'
[ -h "$system/etc/systemd/system/sockets.target.wants/davit.socket" ]
inside dpkg --verify davit
inside davitd --validate
inside davit --version

say "a volume plugin that runs in it"
rootfs=$system/plugin/rootfs
mkdir -p "$rootfs/run/docker/plugins" "$rootfs/volume"
for file in /usr/lib/davit/node $(inside ldd /usr/lib/davit/node | grep -o '/[^ ]*'); do
  mkdir -p "$rootfs$(dirname "$file")"
  cp -L "$system$file" "$rootfs$file"
done
cat >"$rootfs/plugin.js" <<'PLUGIN'
const answers = {
  "/Plugin.Activate": { Implements: ["VolumeDriver"] },
  "/VolumeDriver.Get": { Volume: { Name: "one", Mountpoint: "/volume" } },
  "/VolumeDriver.Mount": { Mountpoint: "/volume" },
};
require("http")
  .createServer((request, response) => response.end(JSON.stringify(answers[request.url] ?? {})))
  .listen("/run/docker/plugins/smoke.sock");
PLUGIN
cat >"$system/plugin/config.json" <<CONFIG
{
  "description": "One volume",
  "entrypoint": ["/usr/lib/davit/node", "/plugin.js"],
  "interface": { "types": ["docker.volumedriver/1.0"], "socket": "smoke.sock" },
  "network": { "type": "none" }
}
CONFIG
mkfifo "$system/started"
inside davitd --live-restore=false --pidfile /davitd.pid >"$system/started" 2>&1 &
daemon=$!
last=""
# The daemon's log until it is ready; what comes later is read too, or it would wait.
exec 3<"$system/started"
ready=""
while [ -z "$ready" ]; do
  read -r line <&3 || { say "davitd ended: $last"; exit 1; }
  last=$line
  case $line in *"completed initialization"*) ready=yes ;; esac
done
cat <&3 >"$system/davitd.log" &
inside davit plugin create acme/smoke /plugin
inside davit plugin enable acme/smoke
[ "$(inside davit plugin inspect --format '{{.Enabled}}' acme/smoke)" = true ]
inside davit volume create -d acme/smoke one
inside tar -C /bin -cf /busybox.tar busybox
inside davit import /busybox.tar busybox
inside davit run --rm --network none -v one:/data busybox /busybox touch /data/written
inside davit run --rm --network none -v one:/data busybox /busybox ls /data
inside davit volume rm one
inside davit plugin disable acme/smoke
inside davit plugin rm acme/smoke
kill "$(cat "$system/davitd.pid")"
wait "$daemon"
[ -d "$system/var/cache/davit" ]

say "removing the package"
inside apt-get -qq -y purge davit >/dev/null
for path in usr/sbin/davitd etc/davit var/cache/davit; do [ ! -e "$system/$path" ]; done
say "passed"
