package emulator

import (
	"errors"
	"fmt"

	"github.com/hfbot/hfbot/hub"
)

// spaceInput is what a new Space can be given at once.
type spaceInput struct {
	Hardware  string         `json:"hardware"`
	Sleep     int            `json:"sleepTimeSeconds"`
	DevMode   bool           `json:"devModeEnabled"`
	Secrets   []settingInput `json:"secrets"`
	Variables []settingInput `json:"variables"`
	Volumes   []spaceVolume  `json:"volumes"`
}

func (in spaceInput) check(typ hub.RepoType) error {
	if typ != hub.Space {
		if in.Hardware != "" || len(in.Secrets)+len(in.Variables)+len(in.Volumes) > 0 {
			return errors.New("only Spaces have hardware, secrets, variables and volumes")
		}
		return nil
	}
	if in.Hardware != "" && !knownFlavor(in.Hardware) {
		return fmt.Errorf("unknown hardware %.50q", in.Hardware)
	}
	if len(in.Secrets)+len(in.Variables) > maxSettings {
		return errors.New("too many secrets and variables")
	}
	for _, each := range append(append([]settingInput{}, in.Secrets...), in.Variables...) {
		if err := each.check(); err != nil {
			return err
		}
	}
	return checkVolumes(in.Volumes)
}

// setUp gives a new Space what was asked for.
func (in spaceInput) setUp(a *spaceApp) {
	for _, each := range in.Secrets {
		a.set(true, each.Key, each.setting())
	}
	for _, each := range in.Variables {
		a.set(false, each.Key, each.setting())
	}
	a.change(func() { a.hardware, a.sleep, a.devMode, a.volumes = in.Hardware, in.Sleep, in.DevMode, in.Volumes })
}
