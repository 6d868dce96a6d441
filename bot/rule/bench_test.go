//go:build unix

package rule_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cpu reports the processor time that an operation takes besides the time that passes, which on a busy machine says
// more about its other users. Garbage collection is in it.
func cpu(b *testing.B) (report func()) {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") }
}

// BenchmarkMatch matches one push against n rules, of which one in a hundred is for its namespace: looking at all of
// them, and at those that the index finds.
func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{10, 1_000, 100_000} {
		set := load(b, manyRules(b, n))
		d := delivery(b, "10")
		for name, match := range map[string]func(){
			"all":   func() { set.Match(b.Context(), d, nil) },
			"index": func() { set.MatchCandidates(b.Context(), d, nil) },
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				report := cpu(b)
				for b.Loop() {
					match()
				}
				report()
			})
		}
	}
}

// BenchmarkLoad loads 10,000 rules: with one and the same condition and step, and each with its own.
func BenchmarkLoad(b *testing.B) {
	var each strings.Builder
	each.WriteString("version: 1\nrules:\n")
	for i := range 10_000 {
		fmt.Fprintf(&each, "  - id: r%d\n    on: repo.content.update\n    repos: {type: model, name: org-%d/*}\n", i, i)
		fmt.Fprintf(&each, "    if: \"!files.exists(f, f.endsWith('.%d')) && repo.private\"\n", i)
		fmt.Fprintf(&each, "    steps:\n      - {uses: hub.comment, with: {body: \"%d ${{ repo.name }}\"}}\n", i)
	}
	for name, file := range map[string]string{"same": manyRules(b, 10_000), "each": write(b, each.String())} {
		b.Run(name, func(b *testing.B) {
			report := cpu(b)
			for b.Loop() {
				load(b, file)
			}
			report()
		})
	}
}
