package run

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/hfbot/hfbot/bot/store"
	"github.com/hfbot/hfbot/hub"
)

// uploadsEvery is how often folders of uploads are looked for whose run was ended elsewhere, or is no longer kept.
const uploadsEvery = time.Hour

// resumeUploads gives the client of the run's steps a folder in which large uploads survive the bot. It is the run's own,
// so that it can go with it: it holds permissions to write to the Hub's store.
func (x *execution) resumeUploads(client *hub.Client) *hub.Client {
	if client == nil || x.engine.opts.UploadDir == "" {
		return client
	}
	return client.WithUploadFolder(filepath.Join(x.engine.opts.UploadDir, x.run.ID))
}

// dropUploads removes what is left of the uploads of a run that is over.
func (e *Engine) dropUploads(run string) {
	if e.opts.UploadDir == "" {
		return
	}
	if err := os.RemoveAll(filepath.Join(e.opts.UploadDir, run)); err != nil {
		e.log.Warn("the run's unfinished uploads are not removed", zap.String("run", run), zap.Error(err))
	}
}

// sweepUploads removes the folders of runs that another instance ended, or that are no longer kept, now and then until
// ctx ends.
func (e *Engine) sweepUploads(ctx context.Context) {
	if e.opts.UploadDir == "" {
		return
	}
	tick := time.NewTicker(uploadsEvery)
	defer tick.Stop()
	for {
		if err := e.dropOldUploads(ctx); err != nil && ctx.Err() == nil {
			e.log.Warn("look for unfinished uploads that nobody needs", zap.Error(err))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// dropOldUploads removes the folders of runs that are over or gone.
func (e *Engine) dropOldUploads(ctx context.Context) error {
	folders, err := os.ReadDir(e.opts.UploadDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, folder := range folders {
		run, err := e.store.Run(ctx, folder.Name())
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if run == nil || run.State.Final() {
			e.dropUploads(folder.Name())
		}
	}
	return nil
}
