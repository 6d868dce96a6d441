// Package pickle reads Python pickles of protocols 0 to 5 as plain data.
//
// It is made for files from strangers. Python's own unpickler is an interpreter whose programs may import and call
// anything; this machine has no way to do either. A global stays a pair of strings, and what a program wants to call,
// build or load from outside is put to a [Host], which answers from a closed table of its own.
//
// A machine always reads on to STOP, or to the byte it cannot get past, even after the first fault: what a pickle would
// import is worth knowing also when the rest of it is nonsense. The faults are in the [Result].
//
// Every length in the input is distrusted: long strings are skipped rather than kept, and stack, marks, memo and memory
// are bounded by [Limits].
package pickle
