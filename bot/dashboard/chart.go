package dashboard

import (
	"fmt"
	"math"
	"time"
)

// Measures of a chart, in its own units; the style sheet scales it.
const (
	chartWidth  = 480
	chartHeight = 170
	chartTop    = 14
	chartFoot   = 26 // below the bars, for the times
	chartLeft   = 64 // beside the bars, for the numbers
)

// bar is one part of a chart: a stack of values, from below.
type bar struct {
	X, Width float64
	Title    string
	Pieces   []barPiece
}

type barPiece struct {
	Class     string
	Y, Height float64
}

// mark is a line of the scale, or a time below.
type mark struct {
	At   float64
	Text string
}

// chart is drawn by the template piece_chart.html.
type chart struct {
	Slug    string // its key on the page
	Title   string
	Summary string // for those who do not see it
	Legend  []legend
	Bars    []bar
	Scale   []mark
	Times   []timeMark
	Rows    []chartRow // the same as a table
	Width   int
	Height  int
	Left    int
	Base    float64
	Empty   string // what to say when there is nothing to draw; "" when there is
}

type legend struct{ Class, Name string }

// timeMark is a time below the bars.
type timeMark struct {
	X    float64
	At   time.Time
	Form string // hour or day
}

// chartRow is a part of the chart in words.
type chartRow struct {
	At     time.Time
	Values []string
}

// series is one of the values that a chart stacks.
type series struct {
	legend
	of func(p part) float64
}

// newChart draws parts of time with their values stacked. show writes a value.
func newChart(slug, title string, parts []part, each time.Duration, show func(float64) string, all ...series) *chart {
	c := &chart{
		Slug: slug, Title: title, Width: chartWidth, Height: chartHeight, Left: chartLeft, Base: chartHeight - chartFoot,
	}
	top, sums := 0.0, make([]float64, len(all))
	for _, p := range parts {
		height := 0.0
		for i, s := range all {
			height += s.of(p)
			sums[i] += s.of(p)
		}
		top = math.Max(top, height)
	}
	if top == 0 {
		c.Empty = "Nothing happened in this time."
	}
	scale := niceTop(top)
	step := float64(chartWidth-chartLeft) / float64(max(len(parts), 1))
	for i, p := range parts {
		x := chartLeft + float64(i)*step
		c.Bars = append(c.Bars, newBar(p, x, step, scale, show, all))
		if i%max(len(parts)/6, 1) == 0 {
			form := "hour"
			if each >= 6*time.Hour {
				form = "day"
			}
			c.Times = append(c.Times, timeMark{X: x, At: p.At, Form: form})
		}
		row := chartRow{At: p.At}
		for _, s := range all {
			row.Values = append(row.Values, show(s.of(p)))
		}
		c.Rows = append(c.Rows, row)
	}
	for _, share := range []float64{0.5, 1} {
		if half := share * scale; scale < 10 && half != math.Trunc(half) && show(1) == "1" {
			continue // there are no half deliveries
		}
		c.Scale = append(c.Scale, mark{At: heightOf(share*scale, scale), Text: show(share * scale)})
	}
	c.Summary = title + ": at most " + show(top) + " at a time"
	for _, s := range all {
		c.Legend = append(c.Legend, s.legend)
	}
	return c
}

// newBar stacks the values of one part.
func newBar(p part, x, step, scale float64, show func(float64) string, all []series) bar {
	b := bar{X: round(x + step*0.12), Width: round(step * 0.76)}
	b.Title = p.At.UTC().Format("2 Jan 15:04 UTC")
	below := 0.0
	for _, s := range all {
		v := s.of(p)
		b.Title += fmt.Sprintf("\n%s: %s", s.Name, show(v))
		if v > 0 {
			bottom, upper := heightOf(below, scale), heightOf(below+v, scale)
			b.Pieces = append(b.Pieces, barPiece{Class: s.Class, Y: round(upper), Height: round(math.Max(bottom-upper, 1))})
			below += v
		}
	}
	return b
}

// heightOf is where a value is drawn.
func heightOf(v, scale float64) float64 {
	return round(chartHeight - chartFoot - v/scale*(chartHeight-chartFoot-chartTop))
}

// niceTop is a round number at or above top: 1, 2 or 5 times a power of ten.
func niceTop(top float64) float64 {
	if top <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(top)))
	for _, n := range []float64{1, 2, 5} {
		if n*power >= top {
			return n * power
		}
	}
	return 10 * power
}

func round(v float64) float64 { return math.Round(v*10) / 10 }

// number writes a count.
func number(v float64) string {
	switch {
	case v >= 1_000_000:
		return trimZero(fmt.Sprintf("%.1f", v/1_000_000)) + "M"
	case v >= 10_000:
		return trimZero(fmt.Sprintf("%.1f", v/1_000)) + "k"
	case v >= 1_000:
		return fmt.Sprintf("%d,%03d", int(v)/1_000, int(v)%1_000)
	case v == math.Trunc(v):
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

func trimZero(s string) string {
	if len(s) > 2 && s[len(s)-2:] == ".0" {
		return s[:len(s)-2]
	}
	return s
}

// seconds writes a time given in seconds.
func seconds(v float64) string { return duration(time.Duration(v * float64(time.Second))) }

// duration writes a time for people: two digits that matter.
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "–"
	case d == 0:
		return "0"
	case d < time.Millisecond:
		return "<1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return trimZero(fmt.Sprintf("%.1f", d.Seconds())) + " s"
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour && d != time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// activityCharts are the charts of the overview.
func activityCharts(sp span, parts []part) []*chart {
	runs := func(states ...string) func(part) float64 {
		return func(p part) float64 {
			n := 0.0
			for state, count := range p.Runs {
				for _, s := range states {
					if string(state) == s {
						n += float64(count)
					}
				}
			}
			return n
		}
	}
	wait := newChart("wait", "Wait for a worker", parts, sp.Part, seconds,
		series{legend{"c-main", "median"}, func(p part) float64 { return p.Median.Seconds() }},
		series{legend{"c-faint", "more for the slowest 5 %"}, func(p part) float64 { return (p.Slow - p.Median).Seconds() }})
	if wait.Empty != "" {
		wait.Empty = "No run waited for a worker in this time."
	}
	return []*chart{
		newChart("deliveries", "Deliveries", parts, sp.Part, number,
			series{legend{"c-main", "deliveries"}, func(p part) float64 { return float64(p.Deliveries) }}),
		newChart("runs", "Runs", parts, sp.Part, number,
			series{legend{"c-good", "succeeded"}, runs("succeeded")},
			series{legend{"c-bad", "failed"}, runs("failed")},
			series{legend{"c-faint", "cancelled or skipped"}, runs("cancelled", "skipped")}),
		wait,
	}
}
