package bot_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hfbot/hfbot/hub"
	"github.com/hfbot/hfbot/hub/emulator"
)

const commands = `version: 1
rules:
  - id: greet
    on:
      command:
        name: /greet
        help: "Say hello.\n/greet nobody"
        args: {who: {enum: [world, moon], default: world}}
    repos: {type: model}
    steps:
      - {uses: hub.comment, with: {body: "Hello, ${{ command.args.who }}!"}}
  - id: welcome
    on: discussion.create
    steps:
      - {uses: hub.comment, with: {body: "Welcome."}}
  - id: elsewhere
    on: {command: {name: /dataset}}
    repos: {type: dataset}
    steps:
      - {uses: hub.comment, with: {body: "x"}}
`

// open opens a discussion as the owner of the repository and waits for what comes of it.
func (s *stage) open(title string) int {
	s.t.Helper()
	d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: title, Description: "Why?"})
	s.must(err)
	s.settle()
	return d.Num
}

// say comments and waits for what comes of it; it returns what the bot said to it.
func (s *stage) say(who string, num int, text string) []string {
	s.t.Helper()
	before := len(s.comments(num))
	_, err := s.hub.Client(who).Comment(s.ctx, s.repo, num, text)
	s.must(err)
	s.settle()
	return s.comments(num)[before:]
}

func TestCommandsAndRefusals(t *testing.T) {
	t.Parallel()
	s := newStage(t, commands)
	s.watch()
	num := s.open("A question")
	denied := "`/greet` is for people with write access."
	wrong := "`/greet` did not run:\n\n    who must be one of world, moon, got \"@mars ${{ repo.id }}\"\n\n" +
		"Usage: `/greet [who=world|moon]`"
	for _, tc := range []struct {
		who, text string
		want      []string
	}{
		{"demo", "Please:\n/greet moon", []string{"Hello, moon!"}},
		{"demo", "> /greet\n\n```\n/greet\n```\nsee `/greet`", []string{}},
		{"demo", `/greet "@mars ${{ repo.id }}"`, []string{wrong}},
		{"eve", "/greet moon", []string{denied}},
		{"eve", "/greet @mars", []string{}}, // said once
	} {
		if diff := cmp.Diff(tc.want, s.say(tc.who, num, tc.text)); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", tc.who, tc.text, diff)
		}
	}
}

// TestHelp has a rule whose help contains its own command at the start of a line: the bot must not obey itself.
func TestHelp(t *testing.T) {
	t.Parallel()
	s := newStage(t, commands)
	s.watch()
	num := s.open("A question")
	said := s.say("eve", num, "What can you do?\n/help")
	if len(said) != 1 {
		t.Fatalf("the bot said %q", said)
	}
	for _, want := range []string{
		"- `/greet [who=world|moon]`: Say hello. /greet nobody (people with write access)", "`welcome`", "`/hfbot stop`",
	} {
		if !strings.Contains(said[0], want) {
			t.Errorf("no %s in:\n%s", want, said[0])
		}
	}
	if strings.Contains(said[0], "/dataset") {
		t.Errorf("a command for data sets is offered to a model:\n%s", said[0])
	}
}

func TestStopAndStart(t *testing.T) {
	t.Parallel()
	s := newStage(t, commands)
	s.watch()
	num := s.open("A question")
	for _, step := range []struct {
		who, text string
		want      string
	}{
		{"eve", "/hfbot stop", "`/hfbot` is for people with write access."},
		{"demo", "/hfbot stop greeet", "There is no rule of that name; did you mean `greet`?"},
		{"demo", "/hfbot stop greet", "Stopped: I leave this repository alone as to the rule `greet`. `/hfbot start` undoes it."},
		{"demo", "/greet", ""},
		{"demo", "/hfbot stop", "Stopped: I leave this repository alone as to every rule. `/hfbot start` undoes it."},
		{"eve", "/greet", ""}, // not even a refusal
		{"demo", "/hfbot start", "Started again: every rule."},
		{"demo", "/greet", "Hello, world!"},
	} {
		if got := strings.Join(s.say(step.who, num, step.text), "\n"); got != step.want {
			t.Errorf("%s: %s: the bot said %q, want %q", step.who, step.text, got, step.want)
		}
	}
	skipped := 0
	for _, d := range s.deliveries() {
		if d.Verdicts["greet"] == "skipped" {
			skipped++
		}
	}
	if skipped == 0 {
		t.Error("no delivery says that greet was skipped")
	}
}

// push pushes pickle weights and more to a branch by git, as the owner.
func (s *stage) push(message string, files map[string]string) {
	s.t.Helper()
	weights, err := os.ReadFile(filepath.Join("..", "cmd", "demo", "pytorch_model.bin"))
	s.must(err)
	all := map[string][]byte{"pytorch_model.bin": weights}
	for name, text := range files {
		all[name] = []byte(text)
	}
	_, err = emulator.Push(s.ctx, emulator.PushInput{
		Remote: s.user().RepoURL(s.repo), User: "demo", Token: "hf_demo", Message: message, Files: all,
	})
	s.must(err)
	s.settle()
}

// pulls are the numbers of the open pull requests, newest first.
func (s *stage) pulls() []int {
	s.t.Helper()
	var nums []int
	for d, err := range s.user().Discussions(s.ctx, s.repo, hub.DiscussionFilter{Type: "pull_request", Status: "open"}) {
		s.must(err)
		nums = append(nums, d.Num)
	}
	return nums
}

const converting = `version: 1
rules:
  - id: convert
    on: repo.content.update
    steps:
      - {uses: model.convert, with: {to: safetensors}}
  - id: notice
    on: repo.content.update
    steps:
      - {uses: hub.comment, with: {discussion: 1, key: notice, body: "${{ commit.title }}"}}
`

// TestMergeOfOwnPull has a person merge the bot's pull request: the rule that made it is not run again by that, another
// rule is.
func TestMergeOfOwnPull(t *testing.T) {
	t.Parallel()
	s := newStage(t, converting)
	s.open("Notices")
	s.watch()
	s.push("weights", nil)
	pulls := s.pulls()
	if len(pulls) != 1 {
		t.Fatalf("pull requests %v, want one", pulls)
	}
	s.must(s.user().MergePullRequest(s.ctx, s.repo, pulls[0], ""))
	s.settle()
	merged := map[string]string{}
	for _, d := range s.deliveries() { // newest first
		if strings.HasPrefix(d.Scope, "repo.content") {
			merged = d.Verdicts
			break
		}
	}
	if diff := cmp.Diff(map[string]string{"convert": "skipped", "notice": "matched"}, merged); diff != "" {
		t.Errorf("verdicts on the merge (-want +got):\n%s", diff)
	}
	if got := s.comments(1); len(got) != 1 || !strings.Contains(got[0], "(#") {
		t.Errorf("the other rule said %q, want the merge's title", got)
	}
}

// TestClosingStopsARule has a person close the bot's pull request: the rule leaves the repository alone from then on, and
// the bot does not do so when it closes one itself.
func TestClosingStopsARule(t *testing.T) {
	t.Parallel()
	s := newStage(t, converting)
	s.open("Notices")
	s.watch()
	s.push("weights", nil)
	s.must(s.hub.Client("hfbot").SetDiscussionStatus(s.ctx, s.repo, s.pulls()[0], "closed", ""))
	s.settle()
	s.push("more", map[string]string{"a.txt": "a"})
	pulls := s.pulls()
	if len(pulls) != 1 {
		t.Fatalf("pull requests %v after the bot closed its own, want one", pulls)
	}
	s.must(s.user().SetDiscussionStatus(s.ctx, s.repo, pulls[0], "closed", "no, thanks"))
	s.settle()
	s.push("even more", map[string]string{"b.txt": "b"})
	if pulls := s.pulls(); len(pulls) != 0 {
		t.Errorf("pull requests %v after a person closed one, want none", pulls)
	}
	if got := s.say("demo", 1, "/hfbot start convert"); len(got) != 1 || got[0] != "Started again: the rule `convert`." {
		t.Errorf("the bot said %q", got)
	}
	s.push("and more", map[string]string{"c.txt": "c"})
	if pulls := s.pulls(); len(pulls) != 1 {
		t.Errorf("pull requests %v after the rule was started again, want one", pulls)
	}
}

// TestArgumentTypes: arguments keep their types on the way through the store, also numbers without a fraction.
func TestArgumentTypes(t *testing.T) {
	t.Parallel()
	s := newStage(t, `version: 1
rules:
  - id: calc
    on:
      command:
        name: /calc
        args: {n: {type: int}, f: {type: float, default: 2.0}, b: {type: bool}, s: {default: "7"}}
    steps:
      - uses: hub.comment
        with:
          body: "${{ command.args.n + 1 }} ${{ command.args.f * 1.5 }} ${{ !command.args.b }} ${{ command.args.s + '!' }}"
`)
	s.watch()
	num := s.open("A question")
	for text, want := range map[string]string{
		"/calc 9007199254740992": "9007199254740993 3 true 7!", "/calc n=2 f=4 b=true s=8": "3 6 false 8!", "/calc": "1 3 true 7!",
	} {
		if got := strings.Join(s.say("demo", num, text), "\n"); got != want {
			t.Errorf("%s: the bot said %q, want %q", text, got, want)
		}
	}
}

// TestCommandToldTwice sends the two deliveries that the Hub may make of a discussion that begins with commands: each
// command is obeyed once.
func TestCommandToldTwice(t *testing.T) {
	t.Parallel()
	s := newStage(t, commands)
	for _, tc := range []struct {
		text string
		want []string
	}{
		{"/greet moon", []string{"Hello, moon!"}},
		{"/greet mars", []string{"`/greet` did not run:\n\n    who must be one of world, moon, got \"mars\"\n\n" +
			"Usage: `/greet [who=world|moon]`"}},
		{"/hfbot stop greet", []string{"Stopped: I leave this repository alone as to the rule `greet`. `/hfbot start` undoes it."}},
	} {
		d, err := s.user().CreateDiscussion(s.ctx, s.repo, hub.CreateDiscussionInput{Title: "A question", Description: tc.text})
		s.must(err)
		me, err := s.user().WhoAmI(s.ctx)
		s.must(err)
		comment := fmt.Sprintf(`"comment":{"id":"66dbedfe76c126d29bfba6%02d","content":%q,"author":{"id":%q}},`, d.Num, tc.text, me.ID)
		body := strings.Replace(s.discussion(d.Num), `"webhook"`, comment+`"webhook"`, 1)
		body = strings.ReplaceAll(body, "66079b8b2e56b3db420f616c", me.ID) // the owner may give commands
		first, _ := s.send(body, fmt.Sprint("d-", d.Num))
		s.settle()
		second, _ := s.send(strings.Replace(body, `"scope":"discussion"`, `"scope":"discussion.comment"`, 1), fmt.Sprint("c-", d.Num))
		s.settle()
		if first == second {
			t.Fatal("one delivery, want two")
		}
		want := append([]string{"Welcome."}, tc.want...)
		got := s.comments(d.Num)
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tc.text, diff)
		}
	}
}
