package hub

import (
	"context"
	"net/http"
)

// CardReport is what the Hub says of the front matter of a README.md.
type CardReport struct {
	Errors   []string // the Hub refuses a commit with these
	Warnings []string
}

// ValidateCard has the Hub check the front matter of a README.md, as it would do for a commit.
//
// POST /api/validate-yaml
func (c *Client) ValidateCard(ctx context.Context, kind RepoType, readme string) (*CardReport, error) {
	in := struct {
		Content string   `json:"content"`
		Type    RepoType `json:"repoType"`
	}{readme, kind}
	request, err := c.post("/api/validate-yaml", in)
	if err != nil {
		return nil, err
	}
	request.write, request.idempotent = false, true // it only reads
	request.alsoAnswer = http.StatusBadRequest      // the Hub's status for an invalid card
	var out wireCardReport
	if _, err := c.json(ctx, request, &out); err != nil {
		return nil, err
	}
	return &CardReport{Errors: out.Errors.texts(), Warnings: out.Warnings.texts()}, nil
}

type wireCardReport struct {
	Errors   wireMessages `json:"errors"`
	Warnings wireMessages `json:"warnings"`
}

type wireMessages []struct {
	Message string `json:"message"`
}

func (m wireMessages) texts() []string {
	var texts []string
	for _, message := range m {
		texts = append(texts, shorten(message.Message, maxErrorMessage))
	}
	return texts
}
