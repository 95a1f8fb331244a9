#!/usr/bin/env bash
# Two hosts, two tenants, real VXLAN: the Linux kernel's own VTEPs in network namespaces.
#
#   sudo samples/lab/two_hosts.sh FOLDER
#
#        host1 192.0.2.1  ---- underlay ----  host2 192.0.2.2
#         |          |                         |          |
#      VNI 100    VNI 200                   VNI 100    VNI 200
#         |          |                         |          |
#     10.0.0.1   10.0.0.1                  10.0.0.2   10.0.0.2     the same addresses and MACs in both tenants
#
# Writes into FOLDER, which must exist:
#   two-tenants.pcap   what crossed the underlay, as host1 saw it
#   any.pcap           the same moments on every interface of host1 (Linux cooked capture, version 2)
#   host1.json         the counters of host1's VXLAN devices, as `ip -json -stats link` gives them; host2.json too
#
# Needs root, iproute2, tcpdump, ping and python3. It touches nothing outside namespaces of its own, and
# removes these whatever happens.
set -euo pipefail

readonly LAB="vxlab$$"
readonly HOSTS=(1 2)
readonly VNIS=(100 200)
readonly UDP_PORT=4789 # the kernel's own default is 8472, from before IANA gave VXLAN its port
readonly TCP_PORT=5201
EXCHANGE="$(dirname "$(readlink -f "$0")")/tcp_exchange.py"
readonly EXCHANGE

host() { echo "$LAB-host$1"; }
container() { echo "$LAB-host$1-vni$2"; }

clean_up() {
    trap '' INT TERM HUP # a second Ctrl-C must not leave half of it behind
    set +e               # nor must what has gone already
    local namespace
    jobs -p | xargs --no-run-if-empty kill 2>/dev/null
    for namespace in $(ip netns list | awk -v lab="$LAB-" 'index($1, lab) == 1 { print $1 }'); do
        ip netns pids "$namespace" | xargs --no-run-if-empty kill 2>/dev/null
        ip netns delete "$namespace"
    done
    wait
    rm -rf -- "$SAID"
}

# Waits up to five seconds for a command to succeed.
until_true() {
    local attempt
    for attempt in {1..50}; do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "two_hosts.sh: still failing after $attempt attempts: $*" >&2
    return 1
}

# IPv6 would announce itself at moments of its own choosing; rp_filter could drop what a lab routes oddly.
new_namespace() {
    ip netns add "$1"
    ip netns exec "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 \
        net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
    ip -n "$1" link set lo up
}

connect_hosts() {
    local number
    ip -n "$(host 1)" link add underlay type veth peer name other-end
    ip -n "$(host 1)" link set other-end netns "$(host 2)" name underlay
    for number in "${HOSTS[@]}"; do
        ip -n "$(host "$number")" address add "192.0.2.$number/24" dev underlay
        ip -n "$(host "$number")" link set underlay up
    done
}

# One bridge a VNI; snooping off, because it would send IGMP queries of its own.
add_bridge() {
    local number=$1 vni=$2
    ip -n "$(host "$number")" link add "br$vni" type bridge stp_state 0 mcast_snooping 0
    ip -n "$(host "$number")" link set "br$vni" up
}

# The forwarding table is written by hand: the other host for everything unknown or broadcast (head-end
# replication), and the one MAC that lives there.
add_vtep() {
    local number=$1 vni=$2 peer=$((3 - $1))
    ip -n "$(host "$number")" link add "vxlan$vni" type vxlan id "$vni" local "192.0.2.$number" \
        dev underlay dstport "$UDP_PORT" nolearning
    ip -n "$(host "$number")" link set "vxlan$vni" master "br$vni" up
    bridge -n "$(host "$number")" fdb append 00:00:00:00:00:00 dev "vxlan$vni" dst "192.0.2.$peer"
    bridge -n "$(host "$number")" fdb append "02:42:0a:00:00:0$peer" dev "vxlan$vni" dst "192.0.2.$peer"
}

add_container() {
    local number=$1 vni=$2
    new_namespace "$(container "$number" "$vni")"
    ip -n "$(host "$number")" link add "port$vni" mtu 1450 type veth peer name eth0 mtu 1450
    ip -n "$(host "$number")" link set eth0 netns "$(container "$number" "$vni")"
    ip -n "$(host "$number")" link set "port$vni" master "br$vni" up
    ip -n "$(container "$number" "$vni")" link set eth0 address "02:42:0a:00:00:0$number"
    ip -n "$(container "$number" "$vni")" address add "10.0.0.$number/24" dev eth0
    ip -n "$(container "$number" "$vni")" link set eth0 up
}

build() {
    local number vni
    for number in "${HOSTS[@]}"; do new_namespace "$(host "$number")"; done
    connect_hosts
    for number in "${HOSTS[@]}"; do
        for vni in "${VNIS[@]}"; do
            add_bridge "$number" "$vni"
            add_vtep "$number" "$vni"
            add_container "$number" "$vni"
        done
    done
}

# -Z root: tcpdump would otherwise give up the right to write into FOLDER. Immediate mode: no frame waits in
# a half-filled block of the ring when the capture is stopped. -s 2048: in that mode every slot of the ring is
# as long as the longest frame allowed; at the default of 256 KiB there are eight, and frames are lost.
capture() {
    local interface=$1 file=$2
    ip netns exec "$(host 1)" \
        tcpdump -Z root --immediate-mode -s 2048 -U -n -i "$interface" -w "$file" 2>"$SAID/$interface" &
    until_true grep -q "listening on" "$SAID/$interface"
}

is_listening() {
    ip netns exec "$1" ss -Hltn "sport = :$TCP_PORT" | grep -q .
}

# The first ping brings ARP with it. Both tenants use the same ports too: only the VNI tells them apart.
talk() {
    local vni=$1 pings=$2 words=$3 client server
    client=$(container 1 "$vni")
    server=$(container 2 "$vni")
    ip netns exec "$client" ping -q -c "$pings" -i 0.2 -W 2 10.0.0.2 >/dev/null
    ip netns exec "$server" python3 "$EXCHANGE" serve 10.0.0.2 "$TCP_PORT" &
    local server_process=$!
    until_true is_listening "$server"
    ip netns exec "$client" python3 "$EXCHANGE" ask 10.0.0.2 "$TCP_PORT" "$words"
    wait "$server_process"
}

talk_at_once() {
    talk 100 3 "one two three" &
    local first=$!
    talk 200 3 "four five six seven" &
    wait "$first"
    wait "$!"
}

stop_captures() {
    local said
    sleep 0.5 # tcpdump reads what has arrived
    ip netns pids "$(host 1)" | xargs kill
    wait
    for said in "$SAID"/*; do
        if ! grep -q "^0 packets dropped by kernel" "$said"; then
            echo "two_hosts.sh: tcpdump lost frames on ${said##*/}" >&2
            return 1
        fi
    done
}

refuse() {
    echo "two_hosts.sh: $1" >&2
    exit 2
}

check_needs() {
    local tool
    if (($# != 1)) || [[ ! -d $1 ]]; then refuse "usage: two_hosts.sh FOLDER"; fi
    if ((EUID != 0)); then refuse "only root may make network namespaces"; fi
    for tool in ip bridge ss tcpdump ping python3; do
        command -v "$tool" >/dev/null || refuse "$tool is not installed"
    done
}

main() {
    check_needs "$@"
    local folder=$1 number
    SAID=$(mktemp -d) # what each tcpdump says: only that tells when it has begun to listen
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    build
    capture underlay "$folder/two-tenants.pcap"
    capture any "$folder/any.pcap"
    talk_at_once
    stop_captures
    for number in "${HOSTS[@]}"; do
        ip -n "$(host "$number")" -json -stats -details link show type vxlan >"$folder/host$number.json"
    done
}

main "$@"
