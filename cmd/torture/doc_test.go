// Package torture_test kills, pauses and starves bots in processes of their own, and counts what came of what they had
// accepted. `make torture` does for minutes what `make test` does for seconds.
package torture_test
