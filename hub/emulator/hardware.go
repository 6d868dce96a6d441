package emulator

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

// flavor is a kind of machine for Spaces and Jobs (https://huggingface.co/docs/hub/spaces-gpus, prices of 2026). The
// local Hub has none of them and lists a few, so that requests can be checked.
type flavor struct {
	Name        string       `json:"name"`
	PrettyName  string       `json:"prettyName"`
	CPU         string       `json:"cpu"`
	RAM         string       `json:"ram"`
	Disk        string       `json:"ephemeralStorage,omitempty"` // listed for Jobs only
	Accelerator *accelerator `json:"accelerator"`
	UnitMicro   int          `json:"unitCostMicroUSD"`
	Unit        float64      `json:"unitCostUSD"`
	UnitLabel   string       `json:"unitLabel"`
}

type accelerator struct {
	Type         string `json:"type"`
	Model        string `json:"model"`
	Quantity     string `json:"quantity"`
	VRAM         string `json:"vram"`
	Manufacturer string `json:"manufacturer"`
}

var flavors = []flavor{
	{Name: "cpu-basic", PrettyName: "CPU Basic", CPU: "2 vCPU", RAM: "16 GB", Disk: "50 GB", UnitLabel: "minute"},
	{
		Name: "cpu-upgrade", PrettyName: "CPU Upgrade", CPU: "8 vCPU", RAM: "32 GB", Disk: "50 GB", UnitMicro: 500,
		Unit: 0.0005, UnitLabel: "minute",
	},
	{
		Name: "cpu-performance", PrettyName: "CPU Performance", CPU: "32 vCPU", RAM: "256 GB", Disk: "50 GB", UnitMicro: 31667,
		Unit: 0.031667, UnitLabel: "minute",
	},
	gpu("zero-a10g", "ZeroGPU", "Dynamic", "Dynamic", "50 GB", "H200", "1", "70 GB", 0),
	gpu("t4-small", "Nvidia T4 - small", "4 vCPU", "15 GB", "50 GB", "T4", "1", "16 GB", 6667),
	gpu("t4-medium", "Nvidia T4 - medium", "8 vCPU", "30 GB", "100 GB", "T4", "1", "16 GB", 10000),
	gpu("l4x1", "1x Nvidia L4", "8 vCPU", "30 GB", "400 GB", "L4", "1", "24 GB", 13333),
	gpu("l4x4", "4x Nvidia L4", "48 vCPU", "186 GB", "3200 GB", "L4", "4", "96 GB", 63333),
	gpu("l40sx1", "1x Nvidia L40S", "8 vCPU", "62 GB", "380 GB", "L40S", "1", "48 GB", 30000),
	gpu("l40sx4", "4x Nvidia L40S", "48 vCPU", "382 GB", "3200 GB", "L40S", "4", "192 GB", 138333),
	gpu("l40sx8", "8x Nvidia L40S", "192 vCPU", "1534 GB", "6500 GB", "L40S", "8", "384 GB", 391667),
	gpu("a10g-small", "Nvidia A10G - small", "4 vCPU", "15 GB", "110 GB", "A10G", "1", "24 GB", 16667),
	gpu("a10g-large", "Nvidia A10G - large", "12 vCPU", "46 GB", "200 GB", "A10G", "1", "24 GB", 25000),
	gpu("a10g-largex2", "2x Nvidia A10G - large", "24 vCPU", "92 GB", "1000 GB", "A10G", "2", "48 GB", 50000),
	gpu("a10g-largex4", "4x Nvidia A10G - large", "48 vCPU", "184 GB", "2000 GB", "A10G", "4", "96 GB", 83333),
	gpu("a100-large", "Nvidia A100 - large", "12 vCPU", "142 GB", "1000 GB", "A100", "1", "80 GB", 41667),
	gpu("a100x4", "4x Nvidia A100", "48 vCPU", "568 GB", "4000 GB", "A100", "4", "320 GB", 166667),
	gpu("a100x8", "8x Nvidia A100", "96 vCPU", "1136 GB", "8000 GB", "A100", "8", "640 GB", 333333),
	gpu("h200", "Nvidia H200", "23 vCPU", "256 GB", "3000 GB", "H200", "1", "141 GB", 83333),
	gpu("h200x2", "2x Nvidia H200", "46 vCPU", "512 GB", "6000 GB", "H200", "2", "282 GB", 166667),
	gpu("h200x4", "4x Nvidia H200", "92 vCPU", "1024 GB", "12000 GB", "H200", "4", "564 GB", 333333),
	gpu("h200x8", "8x Nvidia H200", "184 vCPU", "2048 GB", "24000 GB", "H200", "8", "1128 GB", 666667),
}

func gpu(name, pretty, cpu, ram, disk, model, quantity, vram string, micro int) flavor {
	return flavor{
		Name: name, PrettyName: pretty, CPU: cpu, RAM: ram, Disk: disk, UnitLabel: "minute",
		UnitMicro: micro, Unit: float64(micro) / 1e6,
		Accelerator: &accelerator{Type: "gpu", Model: model, Quantity: quantity, VRAM: vram, Manufacturer: "Nvidia"},
	}
}

// moreFlavors can be asked for and are not listed, for want of a price.
var moreFlavors = strings.Fields("cpu-xl sprx8 rtx-pro-6000 rtx-pro-6000x2 rtx-pro-6000x4 rtx-pro-6000x8 inf2x6")

func knownFlavor(name string) bool {
	return slices.Contains(moreFlavors, name) || slices.ContainsFunc(flavors, func(f flavor) bool { return f.Name == name })
}

func listJobHardware(c echo.Context) error { return c.JSON(http.StatusOK, flavors) }

func listSpaceHardware(c echo.Context) error {
	list := slices.Clone(flavors)
	for i := range list {
		list[i].Disk = ""
	}
	return c.JSON(http.StatusOK, list)
}

// listTemplates lists none: the local Hub has no repository to begin from.
func listTemplates(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]any{"templates": []any{}})
}
