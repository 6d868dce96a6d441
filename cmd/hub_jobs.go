package cmd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/hfbot/hfbot/hub/emulator"
)

const longestLine = 64 << 10 // of a Job's log; what is longer comes in several

// runLocalJob runs a Job of the local Hub as a process of this machine, in a folder of its own and with no more of the
// environment than PATH, which follows a PATH that the Job sets: that one is of its image. The image is ignored: what the
// command needs must be installed here.
func runLocalJob(ctx context.Context, job emulator.JobProcess, say func(line string)) error {
	if len(job.Command) == 0 {
		return errors.New("the Job has no command; its image is not run here")
	}
	dir, err := os.MkdirTemp("", "hfbot-job-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // what stays lies in the temporary folder
	process := exec.CommandContext(ctx, job.Command[0], job.Command[1:]...)
	endWithChildren(process)
	process.Dir = dir
	process.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}, withPath(job.Env)...)
	process.WaitDelay = 5 * time.Second // for children that keep the output open
	output, input, err := os.Pipe()
	if err != nil {
		return err
	}
	defer output.Close()
	process.Stdout, process.Stderr = input, input
	if err := process.Start(); err != nil {
		return errors.Join(fmt.Errorf("start %s: %w", job.Command[0], err), input.Close())
	}
	_ = input.Close() // the process has its own
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewReaderSize(output, longestLine)
		for {
			line, _, err := lines.ReadLine()
			if err != nil {
				return // all have closed it
			}
			say(string(line))
		}
	}()
	err = process.Wait()
	select {
	case <-read:
	case <-time.After(process.WaitDelay):
	}
	if err != nil {
		return fmt.Errorf("the Job's command failed: %w", err)
	}
	return nil
}

// withPath lets programs of this machine be found behind those that a PATH of the Job's image names.
func withPath(env []string) []string {
	env = slices.Clone(env)
	for i, pair := range env {
		if strings.HasPrefix(pair, "PATH=") {
			env[i] += string(os.PathListSeparator) + os.Getenv("PATH")
		}
	}
	return env
}
