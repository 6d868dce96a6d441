package rule

import (
	"regexp"
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

// lineEnds are what ends a line of Markdown.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// Invocations finds the slash commands of a comment: at the start of a line, outside code fences, quotes and what HTML
// hides or shows as it is (<!-- -->, <pre>, <script>, <style>, <textarea>).
func Invocations(comment string) []Invocation {
	if !strings.HasPrefix(comment, "/") && !strings.Contains(comment, "\n/") && !strings.Contains(comment, "\r/") {
		return nil
	}
	var list []Invocation
	var in block
	for i, line := range strings.Split(lineEnds.Replace(comment), "\n") {
		if in.takes(line) || !strings.HasPrefix(line, "/") || len(list) == maxCommands {
			continue
		}
		if words, ok := split(line); ok && commandName.MatchString(words[0]) && strings.HasPrefix(line, words[0]) {
			list = append(list, Invocation{Name: words[0], Words: words[1:], Line: i + 1})
		}
	}
	return list
}

// block is the part of a comment in which nothing is a command, while its lines are read; its zero value is outside.
type block struct {
	fence  string // the backquotes or tildes that opened a block of code
	listed bool   // in the item of a list, so that the end is indented as the item is
	end    string // what ends a piece of HTML
}

// takes tells whether a line belongs to such a block.
func (b *block) takes(line string) bool {
	switch {
	case b.fence != "":
		mark := fenceMark(line, b.listed)
		if strings.HasPrefix(mark, b.fence) && strings.Trim(line, " \t"+mark[:1]) == "" {
			*b = block{}
		}
		return true
	case b.end != "":
		_, after, ended := strings.Cut(strings.ToLower(line), b.end)
		if ended {
			b.end = ""
			b.openHTML(after)
		}
		return true
	}
	item := listMark.FindString(line)
	// After backquotes that open a block there are no more of them on the line; with more, it is code within a line.
	mark := fenceMark(line[len(item):], false)
	if mark != "" && (mark[0] == '~' || strings.Count(line, "`") == len(mark)) {
		b.fence, b.listed = mark, item != ""
		return true
	}
	b.openHTML(line)
	return false
}

// listMark begins an item of a list, or several of nested lists.
var listMark = regexp.MustCompile(`^(?: {0,3}(?:[-*+]|\d{1,9}[.)]) +)+`)

// html are the pieces of HTML in which a line is no text: what begins and what ends them.
var html = [][2]string{
	{"<!--", "-->"}, {"<pre", "</pre>"}, {"<script", "</script>"}, {"<style", "</style>"}, {"<textarea", "</textarea>"},
}

// openHTML notes a piece of HTML that begins on a line, outside of code, and does not end there.
func (b *block) openHTML(line string) {
	line = strings.ToLower(inlineCode.ReplaceAllString(line, ""))
	for _, piece := range html {
		if at := strings.LastIndex(line, piece[0]); at >= 0 && !strings.Contains(line[at:], piece[1]) {
			b.end = piece[1]
			return
		}
	}
}

// inlineCode is code within a line.
var inlineCode = regexp.MustCompile("`[^`]*`")

// fenceMark is the run of backquotes or tildes that opens or closes a block of code on this line.
func fenceMark(line string, indented bool) string {
	trimmed := strings.TrimLeft(line, " ")
	if len(line)-len(trimmed) > 3 && !indented {
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
