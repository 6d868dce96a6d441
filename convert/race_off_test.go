//go:build !race

package convert_test

// memoryLimit is how much a conversion may add to the memory of the program.
const memoryLimit = 32 << 20
