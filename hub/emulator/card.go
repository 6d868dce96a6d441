package emulator

import (
	"bytes"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

const (
	cardFile = "README.md"
	maxCard  = 1 << 20 // bytes of front matter that are parsed
)

// frontMatter is the text between the two lines "---" that begin a card; nil without.
func frontMatter(readme []byte) []byte {
	readme = bytes.TrimPrefix(readme, []byte("\xef\xbb\xbf"))
	readme = bytes.TrimLeft(bytes.ReplaceAll(readme, []byte("\r\n"), []byte("\n")), " \t\n")
	rest, ok := bytes.CutPrefix(readme, []byte("---\n"))
	if !ok {
		return nil
	}
	if rest, ok := bytes.CutPrefix(rest, []byte("---")); ok && (len(rest) == 0 || rest[0] == '\n') {
		return []byte{}
	}
	end := bytes.Index(rest, []byte("\n---"))
	for end >= 0 {
		after := rest[end+len("\n---"):]
		if len(after) == 0 || after[0] == '\n' {
			return rest[:end+1]
		}
		next := bytes.Index(after, []byte("\n---"))
		if next < 0 {
			return nil
		}
		end += len("\n---") + next
	}
	return nil
}

// parseCard reads the metadata of a card (https://huggingface.co/docs/hub/model-cards). A card without front matter has
// none and is no error.
func parseCard(readme []byte) (map[string]any, error) {
	matter := frontMatter(readme)
	if matter == nil {
		return nil, nil
	}
	if len(matter) > maxCard {
		return nil, errors.New("the metadata of README.md is longer than 1 MiB")
	}
	card := map[string]any{}
	if err := yaml.Unmarshal(matter, &card); err != nil {
		return nil, fmt.Errorf("the metadata of README.md is not a valid YAML mapping: %w", err)
	}
	if index, ok := card["model-index"]; ok {
		if _, isList := index.([]any); !isList {
			return nil, errors.New(`"model-index" must be an array`)
		}
	}
	return plainKeys(card).(map[string]any), nil
}

// plainKeys makes every mapping one with text as keys, as JSON needs; YAML allows other keys inside.
func plainKeys(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, each := range value {
			value[key] = plainKeys(each)
		}
	case map[any]any:
		plain := make(map[string]any, len(value))
		for key, each := range value {
			plain[fmt.Sprint(key)] = plainKeys(each)
		}
		return plain
	case []any:
		for i, each := range value {
			value[i] = plainKeys(each)
		}
	}
	return value
}

// texts reads a card value that may be one text or a list of them.
func texts(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case []any:
		var list []string
		for _, each := range value {
			if text, ok := each.(string); ok {
				list = append(list, text)
			}
		}
		return list
	}
	return nil
}
