package convert

import (
	"fmt"
	"os"

	"github.com/hfbot/hfbot/convert/torchfile"
)

// spoolBlock is how much of a storage is copied at a time.
const spoolBlock = 1 << 20

// spool is a part of a storage on the local disk, for reading it in another order than it has in the checkpoint: a
// transposed tensor of a gigabyte would else be read, or asked of the Hub, hundreds of times.
type spool struct {
	file  *os.File
	first int64 // offset in the storage of the file's first byte
}

// newSpool copies n bytes of a storage that begin at an offset into a file in the folder for temporary files. The file
// has no name any more where the system allows it, so that nothing stays behind when the process is killed.
func newSpool(r *torchfile.Reader, s *torchfile.Storage, offset, n int64) (*spool, error) {
	f, err := os.CreateTemp("", "hfbot-transposed-*")
	if err != nil {
		return nil, fmt.Errorf("make room for a tensor that is stored in another order: %w", err)
	}
	_ = os.Remove(f.Name())
	p := &spool{f, offset}
	block := make([]byte, min(spoolBlock, n))
	for done := int64(0); done < n && err == nil; done += int64(len(block)) {
		block = block[:min(int64(len(block)), n-done)]
		if err = r.ReadStorage(s, block, offset+done); err != nil {
			break
		}
		if _, err = f.Write(block); err != nil {
			err = fmt.Errorf("a tensor of %d bytes is stored in another order and needs as much room in %s: %w", n, os.TempDir(), err)
		}
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// read fills b from an offset in the storage.
func (p *spool) read(b []byte, offset int64) error {
	_, err := p.file.ReadAt(b, offset-p.first)
	return err
}

func (p *spool) close() {
	_ = p.file.Close()
	_ = os.Remove(p.file.Name())
}
