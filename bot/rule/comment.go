package rule

import (
	"strings"
	"unicode"
)

// Bounds on the commands of one comment.
const (
	maxCommands = 16
	maxWords    = 64
)

// Invocation is a command as somebody wrote it in a comment.
type Invocation struct {
	Name  string // with its slash
	Words []string
	Line  int // from 1
}

// Invocations finds the slash commands of a comment: at the start of a line, outside code fences and quotes.
func Invocations(comment string) []Invocation {
	var list []Invocation
	fence := ""
	for i, line := range strings.Split(strings.ReplaceAll(comment, "\r\n", "\n"), "\n") {
		if mark := fenceMark(line); mark != "" {
			switch {
			case fence == "":
				fence = mark
				continue
			case mark[0] == fence[0] && len(mark) >= len(fence) && strings.Trim(line, " \t"+mark[:1]) == "":
				fence = ""
				continue
			}
		}
		if fence != "" || !strings.HasPrefix(line, "/") || len(list) == maxCommands {
			continue
		}
		if words, ok := split(line); ok && commandName.MatchString(words[0]) && strings.HasPrefix(line, words[0]) {
			list = append(list, Invocation{Name: words[0], Words: words[1:], Line: i + 1})
		}
	}
	return list
}

// fenceMark is the run of backquotes or tildes that opens or closes a block of code on this line.
func fenceMark(line string) string {
	trimmed := strings.TrimLeft(line, " ")
	if len(line)-len(trimmed) > 3 {
		return ""
	}
	for _, c := range []string{"`", "~"} {
		rest := strings.TrimLeft(trimmed, c)
		if n := len(trimmed) - len(rest); n >= 3 {
			return trimmed[:n]
		}
	}
	return ""
}

// split cuts a line into words. Words in double or single quotes may hold space; a backslash in double quotes takes the
// next character as it is. A quote that is not closed makes the line no command.
func split(line string) ([]string, bool) {
	var words []string
	var word strings.Builder
	inWord := false
	quote := rune(0)
	escaped := false
	for _, r := range line {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case quote != 0 && r == quote:
			quote = 0
		case quote == '"' && r == '\\':
			escaped = true
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, inWord = r, true
		case unicode.IsSpace(r):
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteRune(r)
			inWord = true
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, quote == 0 && len(words) > 0 && len(words) <= maxWords
}
