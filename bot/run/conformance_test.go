package run_test

import (
	"testing"

	"github.com/hfbot/hfbot/bot/store/pgtest"
)

// suite is what the engine must do on every database.
var suite = []struct {
	name string
	test func(t *testing.T, db database)
}{
	{"StopHandsOver", testStopHandsOver},
	{"StopWaits", testStopWaits},
	{"Cancel", testCancel},
	{"BeginsAtOnce", testBeginsAtOnce},
	{"WorkersAreBound", testWorkersAreBound},
	{"RollbackBeginsNothing", testRollbackBeginsNothing},
	{"HeartbeatBeforeCommit", testHeartbeatBeforeCommit},
	{"StopBeginsNothing", testStopBeginsNothing},
	{"EverythingAtOnce", testEverythingAtOnce},
	{"LostLease", testLostLease},
	{"FenceOpen", testFenceOpen},
	{"FenceClosed", testFenceClosed},
	{"ClockIsSet", testClockIsSet},
	{"GroupRunsInOrder", testGroupRunsInOrder},
	{"RaceCancelRunning", testRaceCancelRunning},
	{"RaceReplaceQueued", testRaceReplaceQueued},
	{"RunSucceeds", testRunSucceeds},
	{"RunFails", testRunFails},
	{"ContinueOnError", testContinueOnError},
	{"DeliveryGone", testDeliveryGone},
	{"DebouncedRunGoes", testDebouncedRunGoes},
	{"StepRetry", testStepRetry},
	{"RetryAfter", testRetryAfter},
	{"FailedFactIsRetried", testFailedFactIsRetried},
	{"RetryByHand", testRetryByHand},
	{"SecretsAreMasked", testSecretsAreMasked},
}

func TestMain(m *testing.M) { pgtest.Main(m) }

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
