import { differs, type Step, step } from "./step.ts";

/** What is typed at both engines, with the same driver `tnet` attached, which does what `-o fail=` and `-o answer=` say. */
export const networkPluginScript: readonly Step[] = [
  step("network create -d tnet --subnet 10.54.0.0/24 plain"),
  step("network create -d tnet --ipam-driver tnet --ipam-opt shelf=top -o colour=blue --label a=b own"),
  step(
    "network create -d tnet --subnet 10.55.0.0/24 --ip-range 10.55.0.128/25 --gateway 10.55.0.9 --aux-address pump=10.55.0.7 chosen",
  ),
  step("network create -d tnet --ipv6 --subnet 10.56.0.0/24 --subnet fd00:56::/64 --internal inside"),
  step("network create -d tnet --ipam-driver null bare"),
  step("network create -d tnet plain"),
  step("network create --ipam-driver tnet --subnet 10.57.0.0/24 ours"),
  step("network inspect plain own chosen inside bare ours"),
  step("network ls --format '{{.Name}} {{.Driver}} {{.Scope}}'"),
  step("network ls --filter driver=tnet --format '{{.Name}}'"),

  step("run -d --name bow --network own -p 8099:80 --expose 53/udp --network-alias fore busybox sleep 3600"),
  step("inspect --format '{{json .NetworkSettings.Networks}}' bow"),
  step("exec bow sh -c 'ip -o -4 address | cut -d\" \" -f2-7'"),
  step("exec bow ip route"),
  step("run -d --name stern --network chosen --ip 10.55.0.77 busybox sleep 3600"),
  step("network connect --ip 10.77.0.50 --driver-opt shelf=low own stern"),
  step("network connect --alias aft plain stern"),
  step("exec stern sh -c 'ip -o -4 address | cut -d\" \" -f2-7'"),
  step("exec stern ip route"),
  step("exec stern ping -c 1 -W 5 10.77.0.2 -q"),
  step("network inspect own"),
  differs("no-driver-options", "inspect --format '{{json .NetworkSettings.Networks}}' stern"),
  differs("endpoints-in-turn", "network disconnect chosen stern"),
  step("exec stern ip route"),
  step("network disconnect own stern"),
  step("network disconnect own stern"),
  step("network rm own"),
  step("stop -t 0 bow"),
  step("start bow"),
  step("restart -t 0 bow"),
  step("kill stern"),
  step("network disconnect plain stern"),
  step("network connect own stern"),
  step("start stern"),
  step("rm -f bow"),
  step("rm -f stern"),
  differs(
    "endpoints-in-turn",
    "run --rm --network inside busybox sh -c 'ip -o address show dev eth0 scope global | cut -d\" \" -f2-7'",
  ),
  step("create --name later --network chosen busybox true"),
  step("network rm chosen"),
  step("start later"),
  step("rm later"),
  step("network rm plain inside bare"),
  differs("pools-released-last", "network rm own"),
  step("network rm ours"),

  ...[
    "CreateNetwork",
    "CreateEndpoint",
    "Join",
    "ProgramExternalConnectivity",
    "EndpointOperInfo",
    "RevokeExternalConnectivity",
    "Leave",
    "DeleteEndpoint",
    "DeleteNetwork",
  ].flatMap((method) => [
    step(`network create -d tnet --ipam-driver tnet -o fail=${method} faulty`),
    method === "EndpointOperInfo"
      ? differs("driver-facts-when-needed", "run --rm --network faulty -p 8098:80 busybox true")
      : step("run --rm --network faulty -p 8098:80 busybox true"),
    method === "CreateNetwork"
      ? step("network rm faulty")
      : differs("pools-released-last", "network rm faulty"),
    step("network ls --filter name=faulty --format '{{.Name}}'"),
  ]),
  ...["CreateNetwork", "CreateEndpoint", "Join"].flatMap((method) => [
    step(`network create -d tnet --subnet 10.59.0.0/24 -o refuse=${method} sour`),
    step("run --rm --network sour busybox true"),
    step("network rm sour"),
  ]),
  ...["address", "mac", "gateway", "route", "cidr"].flatMap((answer) => [
    step(`network create -d tnet --subnet 10.58.0.0/24 -o answer=${answer} odd`),
    answer === "address"
      ? step("run --rm --network odd busybox true")
      : differs("network-steps-undone", "run --rm --network odd busybox true"),
    step("network rm odd"),
  ]),
  step("network create -d tnet --ipam-driver tnet --ipam-opt fail=RequestPool faulty"),
  step("network create -d tnet --ipam-driver tnet --ipam-opt fail=RequestAddress faulty"),
  differs("messages-of-28", "network create -d tnet --ipam-driver tnet --ipam-opt fail=empty faulty"),
  step("network ls --format '{{.Name}}'"),
];
