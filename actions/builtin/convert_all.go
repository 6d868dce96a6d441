package builtin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hfbot/hfbot/actions"
	"github.com/hfbot/hfbot/convert"
)

// maxModels bounds the models of one repository that one step converts.
const maxModels = 200

// inspectAll looks at every checkpoint before anything is converted. Dangerous ones are reported and fail the step;
// others that cannot be converted are named in refused, and are an error only when nothing else could be.
func (c *conversion) inspectAll(
	ctx context.Context, groups []convert.Group,
) (fit []convert.Group, refused []string, err error) {
	var dangers []*convert.RefusedError
	if len(groups) > maxModels {
		refused = append(refused, fmt.Sprintf("%d more models: one step converts %d", len(groups)-maxModels, maxModels))
		groups = groups[:maxModels]
	}
	for i, g := range groups {
		c.rt.Report(int64(i), int64(len(groups)), "inspecting "+firstFile(g))
		m, err := convert.OpenModel(ctx, g, c.open, c.in.options())
		var no *convert.RefusedError
		switch {
		case errors.As(err, &no) && no.Plan.Verdict == convert.Dangerous:
			dangers = append(dangers, no)
			continue
		case no != nil:
			refused = append(refused, no.Error())
			continue
		case err != nil:
			return nil, nil, fmt.Errorf("inspect the weights of %s: %w", c.repo, err)
		}
		c.meter.total += m.Size()
		fit = append(fit, g)
		if err := m.Close(); err != nil {
			return nil, nil, err
		}
	}
	if len(dangers) > 0 {
		return nil, nil, c.refuseDangerous(ctx, dangers)
	}
	if len(fit) == 0 {
		return nil, nil, actions.Permanentf("no checkpoint could be converted: %s", strings.Join(refused, "; "))
	}
	return fit, refused, nil
}

// convertAll converts each model. Its error is a RefusedError no more, unless a checkpoint turns out to be malformed
// when its bytes are read.
func (c *conversion) convertAll(
	ctx context.Context, groups []convert.Group,
) (done []converted, refused []string, err error) {
	if !c.rt.DryRun {
		c.meter.total *= 2 // each byte is converted and uploaded
	}
	for _, g := range groups {
		files, err := c.convertModel(ctx, g)
		var no *convert.RefusedError
		if errors.As(err, &no) {
			refused = append(refused, no.Error())
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		done = append(done, files...)
	}
	if len(done) == 0 {
		return nil, nil, actions.Permanentf("no checkpoint could be converted: %s", strings.Join(refused, "; "))
	}
	return done, refused, nil
}

// convertModel converts the checkpoints of one model and, for a sharded one, writes its index.
func (c *conversion) convertModel(ctx context.Context, g convert.Group) (done []converted, err error) {
	m, err := convert.OpenModel(ctx, g, c.open, c.in.options())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	for _, o := range m.Outputs {
		file, err := c.convertFile(ctx, o)
		if err != nil {
			return nil, err
		}
		done = append(done, file)
	}
	if m.IndexPath == "" {
		return done, nil
	}
	index, err := c.keepIndex(ctx, m)
	return append(done, index), err
}

// firstFile names a group.
func firstFile(g convert.Group) string {
	if g.Index != "" {
		return g.Index
	}
	for name := range g.Files {
		return name
	}
	return ""
}
