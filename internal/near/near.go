// Package near finds the name that a misspelt word was probably meant to be, for "did you mean".
package near

import (
	"cmp"
	"slices"
)

// longest bounds the words that are compared, in bytes, since that takes time in the product of their lengths.
const longest = 64

// Best is the name that word was probably meant to be, "" when none is near.
func Best(word string, names []string) string {
	if all := All(word, names); len(all) > 0 {
		return all[0]
	}
	return ""
}

// All lists the names that word was probably meant to be, the likeliest first.
func All(word string, names []string) []string {
	if len(word) > longest {
		return nil
	}
	limit := 1 // a short word is near to what differs by one letter only
	if len(word) > 3 {
		limit = max(2, len(word)/3)
	}
	type scored struct {
		name     string
		distance int
	}
	var found []scored
	for _, name := range names {
		if len(name) > longest {
			continue
		}
		if d := distance([]rune(word), []rune(name)); d <= limit && d < max(len(word), len(name)) {
			found = append(found, scored{name, d})
		}
	}
	slices.SortFunc(found, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	list := make([]string, len(found))
	for i, s := range found {
		list[i] = s.name
	}
	return slices.Compact(list)
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn s into t.
func distance(s, t []rune) int {
	var before, last []int
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(s); i++ {
		before, last, row = last, row, make([]int, len(t)+1)
		row[0] = i
		for j := 1; j <= len(t); j++ {
			change := 1
			if s[i-1] == t[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(t)]
}
