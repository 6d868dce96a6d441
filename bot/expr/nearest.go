package expr

import "fmt"

// Nearest returns the name that word was probably meant to be, "" when none is near. It is for "did you mean".
func Nearest(word string, names []string) string {
	best, limit := "", 2 // a short word is near to what differs by one letter only
	if len(word) > 3 {
		limit = max(2, len(word)/3) + 1
	}
	for _, name := range names {
		if d := distance(word, name); d < limit || d == limit && best != "" && name < best {
			best, limit = name, d
		}
	}
	return best
}

// suggestion is Nearest as the end of a message.
func suggestion(word string, names []string) string {
	if near := Nearest(word, names); near != "" {
		return fmt.Sprintf(" (did you mean '%s'?)", near)
	}
	return ""
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
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
