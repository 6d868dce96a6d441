package hub

import "io"

// UploadProgress tells how much of a file has been sent to the LFS store.
type UploadProgress struct {
	Path string
	Sent int64 // bytes; goes back when a part is sent again
	Size int64 // bytes
}

// progressReader tells how far reading has come.
type progressReader struct {
	io.Reader
	tell func(UploadProgress)
	at   UploadProgress
}

// Read implements io.Reader.
func (r *progressReader) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if r.at.Sent += int64(n); n > 0 {
		r.tell(r.at)
	}
	return n, err
}

// watch has the reading of an upload's content told, beginning at an offset.
func (u lfsUpload) watch(r io.Reader, offset int64) io.Reader {
	if u.progress == nil {
		return r
	}
	return &progressReader{r, u.progress, UploadProgress{u.file.Path, offset, u.file.Size}}
}
