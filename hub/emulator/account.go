package emulator

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/object"
)

// account is a user or an organisation. All accounts are made when the server is, and never change.
type account struct {
	id        string // 24 hex digits
	name      string
	token     string // of a user: what Client uses
	createdAt time.Time
	members   []member // of an organisation, in the order given; nil for a user
	org       bool
}

type accounts []*account

var accountName = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,40}[A-Za-z0-9_])?$`)

func newAccounts(users []User, orgs []Org) (accounts, error) {
	var list accounts
	for _, user := range users {
		if err := list.checkName(user.Name); err != nil {
			return nil, fmt.Errorf("user %q: %w", user.Name, err)
		}
		if user.Token == "" {
			return nil, fmt.Errorf("user %q needs a token", user.Name)
		}
		if slices.ContainsFunc(list, func(a *account) bool { return a.token == user.Token }) {
			return nil, errors.New("two users have the same token")
		}
		list = append(list, &account{id: newID(), name: user.Name, token: user.Token, createdAt: time.Now()})
	}
	for _, org := range orgs {
		made, err := list.newOrg(org)
		if err != nil {
			return nil, fmt.Errorf("organisation %q: %w", org.Name, err)
		}
		list = append(list, made)
	}
	return list, nil
}

func (a accounts) checkName(name string) error {
	switch {
	case !accountName.MatchString(name) || objectID.MatchString(name):
		return errors.New("a name has up to 42 letters, digits, dots, dashes or underscores")
	case a.named(name) != nil:
		return errors.New("another account has this name")
	}
	return nil
}

// named finds an account; as on the Hub, names do not differ by case alone.
func (a accounts) named(name string) *account {
	for _, each := range a {
		if strings.EqualFold(each.name, name) {
			return each
		}
	}
	return nil
}

func (a accounts) withID(id string) *account {
	for _, each := range a {
		if each.id == id {
			return each
		}
	}
	return nil
}

// users lists the accounts that people can log in with.
func (a accounts) users() []*account {
	return slices.DeleteFunc(slices.Clone(a), func(each *account) bool { return each.org || each.token == "" })
}

// kind is the account's type in the API.
func (a *account) kind() string {
	if a.org {
		return "org"
	}
	return "user"
}

// signature is how the account signs commits and tags now.
func (a *account) signature() object.Signature {
	return object.Signature{Name: a.name, Email: a.email(), When: time.Now().UTC()}
}

// email is what the account's commits are signed with.
func (a *account) email() string { return a.name + "@users.noreply.huggingface.co" }
