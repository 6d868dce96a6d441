package store_test

import "testing"

// suite is what every database must pass.
var suite = []struct {
	name string
	test func(t *testing.T, db database)
}{
	{"Ping", testPing},
	{"FinishMatch", testFinishMatch},
	{"InsertRun", testInsertRun},
	{"InsertRunTwice", testInsertRunTwice},
	{"Once", testOnce},
	{"Reserve", testReserve},
	{"OnceNotInserted", testOnceNotInserted},
	{"OnceTaken", testOnceTaken},
	{"Own", testOwn},
	{"ListDeliveries", testListDeliveries},
	{"ListRuns", testListRuns},
	{"Counts", testCounts},
	{"Claim", testClaim},
	{"ClaimTogether", testClaimTogether},
	{"OnEnd", testOnEnd},
	{"Fencing", testFencing},
	{"Orphans", testOrphans},
	{"TicketAgain", testTicketAgain},
	{"RunMachine", testRunMachine},
	{"StepMachine", testStepMachine},
	{"ClockSetBack", testClockSetBack},
	{"ClockWasSet", testClockWasSet},
	{"Steps", testSteps},
	{"Finish", testFinish},
	{"Cancel", testCancel},
	{"RetryRun", testRetryRun},
	{"RetryRunOnce", testRetryRunOnce},
	{"AcceptGroup", testAcceptGroup},
	{"Reopen", testReopen},
	{"Replay", testReplay},
	{"Due", testDue},
	{"GroupQueue", testGroupQueue},
	{"GroupConflicts", testGroupConflicts},
	{"GroupRetry", testGroupRetry},
	{"Debounce", testDebounce},
	{"DebounceThenGroup", testDebounceThenGroup},
	{"Limits", testLimits},
	{"OptOut", testOptOut},
	{"StepNote", testStepNote},
	{"Quota", testQuota},
	{"KeptRules", testKeptRules},
	{"Prune", testPrune},
	{"Record", testRecord},
	{"Sessions", testSessions},
	{"Audit", testAudit},
	{"Activity", testActivity},
	{"Triggers", testTriggers},
	{"VerdictCounts", testVerdictCounts},
	{"Breaker", testBreaker},
	{"BreakerCounts", testBreakerCounts},
	{"BreakerTogether", testBreakerTogether},
	{"PublicDeliveries", testPublicDeliveries},
	{"FilterText", testFilterText},
	{"Post", testPost},
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, db := range map[string]database{"sqlite": sqlite, "postgres": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range suite {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.test(t, db)
				})
			}
		})
	}
}
