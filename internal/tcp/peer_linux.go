package tcp

import (
	"errors"
	"io/fs"
	"net/netip"
	"slices"
	"strconv"
)

// peerUID returns the user at the other end of the connection local -> remote.
func peerUID(local, remote netip.AddrPort) (int, error) {
	uid, accepted, err := connectionUID(remote, local)
	if err != nil || accepted {
		return uid, err
	}
	owner, err := listenerUID(remote)
	if err != nil {
		return 0, err
	}
	// Ask again: another process may have accepted the connection and closed its
	// listener before the listeners were read.
	if uid, accepted, err = connectionUID(remote, local); err != nil || accepted {
		return uid, err
	}
	return owner, nil
}

// connectionUID returns the user of the socket with these two addresses. accepted is
// false when no process has accepted such a connection.
func connectionUID(own, other netip.AddrPort) (uid int, accepted bool, err error) {
	s, err := diagConnection(own, other)
	if err != nil {
		s, err = procConnection(own, other)
	}
	if errors.Is(err, fs.ErrNotExist) || err == nil && s.inode == "0" {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	uid, err = strconv.Atoi(s.uid)
	return uid, err == nil, err
}

// listenerUID returns the user whose process listens at an address. It fails when
// processes of several users do.
func listenerUID(at netip.AddrPort) (int, error) {
	var owners []string
	err := eachListener(int(at.Port()), func(addr boundIP, s socket) {
		if ip, _ := netip.AddrFromSlice(addr); addr.isUnspecified() || ip.Unmap() == at.Addr() {
			owners = append(owners, s.uid)
		}
	})
	switch {
	case err != nil:
		return 0, err
	case len(owners) == 0:
		return 0, errNoLocalSocket
	case len(slices.Compact(slices.Sorted(slices.Values(owners)))) > 1:
		return 0, errors.New("processes of several users listen there")
	}
	return strconv.Atoi(owners[0])
}
