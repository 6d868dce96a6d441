package actions

import (
	"cmp"
	"slices"
)

// maxNameLen bounds the names that are compared, since the comparison takes time in the product of their lengths.
const maxNameLen = 64

// nearest lists the candidates that name may be a misspelling of, the likeliest first.
func nearest(name string, candidates []string) []string {
	if len(name) > maxNameLen {
		return nil
	}
	type scored struct {
		name     string
		distance int
	}
	var near []scored
	for _, c := range candidates {
		if len(c) > maxNameLen {
			continue
		}
		if d := editDistance(name, c); d <= max(2, len(name)/3) && d < max(len(name), len(c)) {
			near = append(near, scored{c, d})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int { return cmp.Compare(a.distance, b.distance) })
	var names []string
	for _, s := range near {
		names = append(names, s.name)
	}
	return names
}

// editDistance is the least number of bytes to insert, delete or replace to make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
