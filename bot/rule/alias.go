package rule

import (
	"math"

	"go.yaml.in/yaml/v3"
)

// maxGrowth bounds how many values aliases may add to those that a file writes out.
const maxGrowth = 100_000

// expansion measures what a file comes to when its aliases are followed.
type expansion struct {
	sizes map[*yaml.Node]int
	open  map[*yaml.Node]bool // nodes that are being measured: an alias to one of them holds itself
	cycle *yaml.Node          // such an alias
}

// checkAliases refuses a file whose aliases hold themselves or repeat one another until they would fill the memory.
func (d *decoder) checkAliases(doc *yaml.Node) bool {
	e := expansion{sizes: map[*yaml.Node]int{}, open: map[*yaml.Node]bool{}}
	size := e.size(doc)
	if e.cycle != nil {
		d.errorf(e.cycle, "the alias *%s holds itself", e.cycle.Value)
		return false
	}
	if size-len(e.sizes) > maxGrowth {
		d.report(Error, place{1, 1}, "aliases repeat more than %d values", maxGrowth)
		return false
	}
	return true
}

// size is the number of values below n, the largest number when there are more.
func (e *expansion) size(n *yaml.Node) int {
	if n.Kind == yaml.AliasNode {
		if e.open[n.Alias] {
			e.cycle = n
			return 0
		}
		return e.size(n.Alias)
	}
	if size, ok := e.sizes[n]; ok {
		return size
	}
	e.open[n] = true
	size := 1
	for _, c := range n.Content {
		if below := e.size(c); size > math.MaxInt-below {
			size = math.MaxInt
		} else {
			size += below
		}
	}
	delete(e.open, n)
	e.sizes[n] = size
	return size
}
