package dev

import (
	"slices"

	"github.com/hfbot/hfbot/bot/rule"
)

// weightsName is what a checkpoint must be called to be converted.
const weightsName = "pytorch_model.bin"

// weights is a checkpoint in base64, small enough for a line of a shell: one tensor of nine bytes, as torch.save wrote
// them before it took to zip. The bytes are the ten digits of stamp, read as base64.
func weights(stamp string) string {
	return "gAKKCmz8nEb5IGqoUBkugAJN6QMugAJ9KFgQAAAAcHJvdG9jb2xfdmVyc2lvbk3pA1gNAAAAbGl0dGxlX2VuZGlhboh1LoACfVgGAAAA" +
		"d2VpZ2h0Y3RvcmNoLl91dGlscwpfcmVidWlsZF90ZW5zb3JfdjIKKChYBwAAAHN0b3JhZ2VjdG9yY2gKQnl0ZVN0b3JhZ2UKWAEAAAAw" +
		"WAMAAABjcHVLCU50UUsASwmFSwGFiWNjb2xsZWN0aW9ucwpPcmRlcmVkRGljdAopUnRScy6AAl1YAQAAADBhLgkAAAAAAAAA" +
		stamp + "AA"
}

// converts tells whether a rule converts weights, which must be there for it to have an effect.
func converts(r *rule.Rule) bool {
	return slices.ContainsFunc(r.Steps, func(s rule.Step) bool { return s.Uses == "model.convert" })
}
