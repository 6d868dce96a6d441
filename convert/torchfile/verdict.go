package torchfile

// Verdict says what a file is.
type Verdict string

// The verdicts, in order of precedence: of several that apply to a file, the first is given. TooBig comes after
// Malformed and before Unsupported; this package never gives it, since it knows nothing of an output.
const (
	OK          Verdict = "ok"
	NotTorch    Verdict = "not_torch"   // no checkpoint container
	Dangerous   Verdict = "dangerous"   // its pickle would run code in Python
	Malformed   Verdict = "malformed"   // it breaks the format, or a limit on resources
	TooBig      Verdict = "too_big"     // its views overlap so that the output would be far larger than the input
	Unsupported Verdict = "unsupported" // well formed, but not what can be converted
)

var precedence = []Verdict{NotTorch, Dangerous, Malformed, TooBig, Unsupported}

// Refusal is the error of a file that cannot be taken, with its verdict.
type Refusal struct {
	Verdict Verdict
	Reason  string
}

// Error gives the verdict and the reason.
func (r *Refusal) Error() string { return string(r.Verdict) + ": " + r.Reason }

// findings collects the first reason found for each verdict.
type findings map[Verdict]string

func (f findings) add(v Verdict, reason string) {
	if _, ok := f[v]; !ok {
		f[v] = reason
	}
}

// verdict returns the one that takes precedence, or OK.
func (f findings) verdict() (Verdict, string) {
	for _, v := range precedence {
		if reason, ok := f[v]; ok {
			return v, reason
		}
	}
	return OK, ""
}
