package builtin

// convertNote is what a conversion keeps for the case that it is interrupted: the files that are uploaded already.
type convertNote struct {
	files map[string]noted // by path
}

// noted is one file: what it was made from, and its SHA-256.
type noted struct{ stamp, sha256 string }

// readNote reads the note of an earlier attempt.
func readNote(kept map[string]any) *convertNote {
	n := &convertNote{files: map[string]noted{}}
	files, _ := kept["uploaded"].(map[string]any)
	for path, value := range files {
		file, _ := value.(map[string]any)
		stamp, _ := file["stamp"].(string)
		sum, _ := file["sha256"].(string)
		if stamp != "" && len(sum) == 64 {
			n.files[path] = noted{stamp, sum}
		}
	}
	return n
}

// find returns the SHA-256 of a file that was uploaded for the same conversion, or "".
func (n *convertNote) find(path, stamp string) string {
	if file := n.files[path]; file.stamp == stamp {
		return file.sha256
	}
	return ""
}

func (n *convertNote) add(path, stamp, sum string) { n.files[path] = noted{stamp, sum} }

// values is the note as JSON values.
func (n *convertNote) values() map[string]any {
	files := make(map[string]any, len(n.files))
	for path, file := range n.files {
		files[path] = map[string]any{"stamp": file.stamp, "sha256": file.sha256}
	}
	return map[string]any{"uploaded": files}
}
