package workspace

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePointer(t *testing.T) {
	t.Parallel()
	const version = "version https://git-lfs.github.com/spec/v1\n"
	sum := strings.Repeat("0a", 32)
	good := version + "oid sha256:" + sum + "\nsize 12345\n"
	tests := map[string]struct {
		content string
		want    *LFS
	}{
		"plain":         {good, &LFS{SHA256: sum, Size: 12345}},
		"empty content": {version + "oid sha256:" + sum + "\nsize 0\n", &LFS{SHA256: sum}},
		"with extension": {
			version + "ext-0-foo sha256:" + sum + "\noid sha256:" + sum + "\nsize 1\n", &LFS{SHA256: sum, Size: 1},
		},
		"nothing":          {"", nil},
		"other version":    {strings.Replace(good, "v1", "v2", 1), nil},
		"text before":      {"\n" + good, nil},
		"text after":       {good + "x", nil},
		"no last newline":  {strings.TrimSuffix(good, "\n"), nil},
		"windows newlines": {strings.ReplaceAll(good, "\n", "\r\n"), nil},
		"short hash":       {strings.Replace(good, sum, sum[2:], 1), nil},
		"capitals":         {strings.Replace(good, sum, strings.ToUpper(sum), 1), nil},
		"other hash":       {strings.Replace(good, "sha256", "sha512", 1), nil},
		"negative size":    {strings.Replace(good, "12345", "-1", 1), nil},
		"leading zero":     {strings.Replace(good, "12345", "012", 1), nil},
		"size too large":   {strings.Replace(good, "12345", "9223372036854775808", 1), nil},
		"wrong order":      {version + "size 1\noid sha256:" + sum + "\n", nil},
		"too long": {
			version + strings.Repeat("ext-0-x sha256:"+sum+"\n", 15) + "oid sha256:" + sum + "\nsize 1\n", nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, parsePointer([]byte(test.content))); diff != "" {
				t.Errorf("parsePointer differs (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzParsePointer(f *testing.F) {
	f.Add([]byte("version https://git-lfs.github.com/spec/v1\noid sha256:" + strings.Repeat("0a", 32) + "\nsize 12\n"))
	f.Add([]byte("version https://git-lfs.github.com/spec/v1\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		lfs := parsePointer(content)
		if lfs == nil {
			return
		}
		tail := fmt.Sprintf("oid sha256:%s\nsize %d\n", lfs.SHA256, lfs.Size)
		if lfs.Size < 0 || len(lfs.SHA256) != 64 || !strings.HasSuffix(string(content), tail) {
			t.Errorf("parsePointer(%q) = %+v", content, lfs)
		}
	})
}
