package config

import "fmt"

// suggestion names the setting that was probably meant.
func suggestion(key string) string {
	keys := make([]string, len(Settings))
	for i, s := range Settings {
		keys[i] = s.Key
	}
	return nearest(key, keys)
}

// nearest names the word that was probably meant, or where all of them stand when none is near.
func nearest(word string, known []string) string {
	best, distance := "", 3 // more than two slips is another word
	for _, k := range known {
		if d := slips(word, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return "; docs/settings.md lists them"
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// slips is the Levenshtein distance: how many letters must be put in, left out or changed to make b of a.
func slips(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
