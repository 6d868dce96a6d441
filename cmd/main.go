package cmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// The exit codes of every command.
const (
	exitOK      = 0
	exitFailed  = 1 // it did not work
	exitUsage   = 2 // it was called wrongly
	exitRefused = 3 // a checkpoint was refused (convert, inspect)
)

// Main runs the command line of this process and returns its exit code. The first interrupt or SIGTERM ends the command
// in good order, a second one at once; one that leaves nothing to put in order ends at the first, whatever it is at.
func Main() int {
	root, ctx := newRoot(), context.Background()
	if c, _, err := root.Find(os.Args[1:]); err != nil || c.Annotations[endsAtOnce] == "" {
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		context.AfterFunc(ctx, stop)
	}
	return report(root.ExecuteContextC(ctx))
}

// endsAtOnce is the annotation of a command that only reads and shows.
const endsAtOnce = "ends-at-once"

// atOnce lets a command end at the first signal.
func atOnce(c *cobra.Command) *cobra.Command {
	c.Annotations = map[string]string{endsAtOnce: "yes"}
	return c
}

// report prints a failed command's error as one message and returns the exit code.
func report(cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{code: exitFailed, err: err}
		if strings.HasPrefix(err.Error(), "unknown command ") { // of cobra's own command, completion
			exit.code = exitUsage
		}
	}
	if exit.err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "hfbot: "+plain(oneLine(exit.err.Error())))
	}
	if exit.code == exitUsage {
		fmt.Fprintf(cmd.ErrOrStderr(), "See '%s --help'.\n", cmd.CommandPath())
	}
	return exit.code
}

// exitError ends the process with a code other than 1. Without err, the command has already said what is wrong.
type exitError struct {
	code int
	err  error
}

// Error implements error.
func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *exitError) Unwrap() error { return e.err }

// usageErrorf is an error about how a command was called.
func usageErrorf(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}
