package builtin

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// secretRulesFile is the ruleset of gitleaks without its rules for anything that looks like a key, which find too much
// that is none. It is under the MIT license, see secretrules/LICENSE.
//
//go:embed secretrules/rules.json
var secretRulesFile []byte

// secretRules are the rules by which secrets are found in text.
type secretRules struct {
	allow []*regexp.Regexp // secrets that are none
	rules []secretRule
}

// secretRule finds one kind of secret. A text without any of the keywords, in lower case, has none.
type secretRule struct {
	id       string
	keywords [][]byte
	pattern  func() *regexp.Regexp
	group    int
	entropy  float64
	allow    []string
}

// loadSecretRules reads the rules once. Patterns are compiled when a text first has a keyword of theirs.
var loadSecretRules = sync.OnceValue(func() *secretRules {
	var file struct {
		Allow []string
		Rules []struct {
			ID       string
			Regex    string
			Keywords []string
			Entropy  float64
			Group    int
			Allow    []string
		}
	}
	if err := json.Unmarshal(secretRulesFile, &file); err != nil {
		panic(fmt.Sprintf("the embedded secret rules: %v", err))
	}
	set := &secretRules{}
	for _, pattern := range file.Allow {
		set.allow = append(set.allow, regexp.MustCompile(pattern))
	}
	for _, r := range file.Rules {
		rule := secretRule{id: r.ID, group: r.Group, entropy: r.Entropy, allow: r.Allow}
		for _, keyword := range r.Keywords {
			rule.keywords = append(rule.keywords, []byte(strings.ToLower(keyword)))
		}
		rule.pattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(r.Regex) })
		set.rules = append(set.rules, rule)
	}
	return set
})

// foundSecret is where a secret was found. What it is, is not kept.
type foundSecret struct {
	rule string
	line int
}

// mostPerFile bounds how many secrets of one file are told.
const mostPerFile = 20

// find finds secrets in a text.
func (s *secretRules) find(text []byte) []foundSecret {
	var found []foundSecret
	lower := bytes.ToLower(text)
	for i := range s.rules {
		rule := &s.rules[i]
		if !slices.ContainsFunc(rule.keywords, func(k []byte) bool { return bytes.Contains(lower, k) }) {
			continue
		}
		for _, at := range rule.pattern().FindAllSubmatchIndex(text, mostPerFile) {
			secret := rule.secret(text, at)
			if entropy(secret) < rule.entropy || s.allowed(rule, secret) {
				continue
			}
			line := 1 + bytes.Count(text[:at[0]], []byte("\n"))
			if found = append(found, foundSecret{rule.id, line}); len(found) == mostPerFile {
				return found
			}
		}
	}
	return found
}

// secret is the part of a match that is the secret: the group that the rule names, else the first that took part.
func (r *secretRule) secret(text []byte, at []int) []byte {
	if g := r.group; g > 0 && 2*g+1 < len(at) && at[2*g] >= 0 {
		return text[at[2*g]:at[2*g+1]]
	}
	for g := 2; g+1 < len(at); g += 2 {
		if at[g] >= 0 && at[g+1] > at[g] {
			return text[at[g]:at[g+1]]
		}
	}
	return text[at[0]:at[1]]
}

// allowed tells whether a secret is a placeholder.
func (s *secretRules) allowed(rule *secretRule, secret []byte) bool {
	for _, pattern := range s.allow {
		if pattern.Match(secret) {
			return true
		}
	}
	for _, pattern := range rule.allow {
		if re, err := regexp.Compile(pattern); err == nil && re.Match(secret) {
			return true
		}
	}
	return false
}

// entropy is Shannon's, in bits a byte.
func entropy(text []byte) float64 {
	if len(text) == 0 {
		return 0
	}
	var counts [256]int
	for _, b := range text {
		counts[b]++
	}
	sum := 0.0
	for _, n := range &counts {
		if n > 0 {
			p := float64(n) / float64(len(text))
			sum -= p * math.Log2(p)
		}
	}
	return sum
}
