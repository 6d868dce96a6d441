package builtin

import (
	"errors"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A program runs as the bot's user and could signal whatever the bot can: its supervisor, the bot, their memory. Where the
// kernel has Landlock with scopes (Linux 6.12), the supervisor enters a domain and the program one within it, for which no
// privilege is needed. A process reaches only what is in its own domain or within it: the program neither its supervisor nor the
// bot, and the supervisor with one call all that the program started, however it hides.

// landlockScopes is the version of Landlock that has scopes of signals.
const landlockScopes = 6

// confine puts the calling thread, and what is started from it, into a domain of its own, for ever. The thread must be locked.
func confine() error {
	version, _, failed := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if failed != 0 {
		return failed
	}
	if version < landlockScopes {
		return unix.EOPNOTSUPP
	}
	// Landlock asks for it, and what a set-user-ID program becomes could not be ended.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	attr := unix.LandlockRulesetAttr{Scoped: unix.LANDLOCK_SCOPE_SIGNAL}
	rules, _, failed := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET,
		uintptr(unsafe.Pointer(&attr)), unsafe.Offsetof(attr.Quiet_access_fs), 0) // what is behind is of later versions
	if failed != 0 {
		return failed
	}
	_, _, failed = unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rules, 0, 0)
	if err := unix.Close(int(rules)); failed == 0 {
		return err
	}
	return failed
}

// confineSupervisor confines the calling thread, and tells whether to it "all processes" are those of its program. It is
// asked for twice, of the kernel and of its parent, which cannot be signalled any more: otherwise they are all of the user.
func confineSupervisor(parent int) bool {
	return confine() == nil && errors.Is(syscall.Kill(parent, 0), syscall.EPERM)
}

// The system call that sets limits, by the architectures that a kernel of ours runs: another process of the user could be
// given limits with it that it does not survive, and Landlock has no say in that.
var prlimit = map[string][]struct{ arch, number uint32 }{
	"amd64": {{unix.AUDIT_ARCH_X86_64, 302}, {unix.AUDIT_ARCH_I386, 340}},
	"arm64": {{unix.AUDIT_ARCH_AARCH64, 261}, {unix.AUDIT_ARCH_ARM, 369}},
}

// Where a filter finds what it looks at, see seccomp(2), struct seccomp_data.
const (
	atNumber = 0
	atArch   = 4
	atArg0   = 16 // its lower half: both architectures are little-endian
	x32      = 0x4000_0000
)

// limitOnlySelf lets the calling thread, and what it starts, set limits by the number 0 only, which is the caller's own.
func limitOnlySelf() error {
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	unlessEqual := func(value uint32, skip uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jf: skip}
	}
	answer := func(value uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
	}
	var filter []unix.SockFilter
	for _, call := range prlimit[runtime.GOARCH] {
		filter = append(filter,
			load(atArch), unlessEqual(call.arch, 7),
			load(atNumber), unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: ^uint32(x32)}, unlessEqual(call.number, 4),
			load(atArg0), unlessEqual(0, 1), answer(unix.SECCOMP_RET_ALLOW), answer(unix.SECCOMP_RET_ERRNO|uint32(unix.EPERM)),
		)
	}
	filter = append(filter, answer(unix.SECCOMP_RET_ALLOW))
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
}
