package hub

import "io"

// NewRemoteFile gives random access to a content of the given size that open serves by ranges: n bytes from offset, and
// the size of the whole as the server tells it now, -1 when it does not.
func NewRemoteFile(size int64, open func(offset, n int64) (io.ReadCloser, int64, error)) *RemoteFile {
	return &RemoteFile{size: size, open: open}
}
