package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// hash identifies what a rule says: its values as YAML sees them, without comments and layout, and the file's vars.
func (d *decoder) hash(n *yaml.Node) string {
	sum := sha256.New()
	hashNode(sum, n)
	fmt.Fprintf(sum, "%#v", d.vars)
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// hashNode writes a value in a form that no other value has. What an alias stands for counts, not its name; a file
// whose aliases come to too much was refused before.
func hashNode(sum hash.Hash, n *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		hashNode(sum, n.Alias)
		return
	}
	head := strconv.Itoa(int(n.Kind)) + n.Tag + strconv.Quote(n.Value) + strconv.Itoa(len(n.Content))
	sum.Write([]byte(head))
	for _, c := range n.Content {
		hashNode(sum, c)
	}
}
