//go:build race

package convert_test

// memoryLimit is larger under the race detector, which keeps several bytes of its own for each byte of the program.
const memoryLimit = 256 << 20
