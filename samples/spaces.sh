# spaces.sh: network namespaces for the samples, read by make, make-access and make-call (bash). They set $p, the prefix of
# their namespaces, and $spaces, their names, and call tidy when they end.
tmp=$(mktemp -d)

inside() { local space=$1; shift; ip netns exec "$p-$space" "$@"; }
link() { # link SPACE NAME SPACE NAME
	ip -n "$p-$1" link add "$2" type veth peer name "$4" netns "$p-$3"
	local side
	for side in "$1 $2" "$3 $4"; do
		set -- $side
		# as on a wire: no frame larger than the MTU, every checksum filled in
		inside "$1" ethtool -K "$2" tx off rx off tso off gso off gro off sg off >/dev/null 2>&1 || true
		ip -n "$p-$1" link set "$2" up
	done
}
address() { local space=$1 name=$2; shift 2; local a; for a in "$@"; do ip -n "$p-$space" addr add "$a" dev "$name" $([[ $a = *:* ]] && echo nodad); done; }
route() { local space=$1; shift; ip -n "$p-$space" route add "$@"; }
tidy() {
	disown -a   # or the shell would report each that ends
	local space pids
	for space in $spaces; do
		pids=$(ip netns pids "$p-$space" 2>/dev/null || true)
		[ -z "$pids" ] || kill $pids 2>/dev/null || true
		ip netns del "$p-$space" 2>/dev/null || true
		rm -rf "/etc/netns/$p-$space"
	done
	rm -rf "$tmp"
}
make_spaces() {
	local space
	for space in $spaces; do
		ip netns add "$p-$space"
		ip -n "$p-$space" link set lo up
		inside "$space" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 \
			net.ipv4.conf.default.rp_filter=0
	done
}
