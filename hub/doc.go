// Package hub speaks the HTTP API of the Hugging Face Hub: a typed client, the payloads of its webhooks, and
// the errors it answers with. It stands alone: it needs neither a logger nor a web framework, and works against
// huggingface.co as well as against the local Hub of hub/emulator.
//
// # Calls
//
// [New] makes a [Client] for one Hub and one token. Each method names the call that it makes. Lists are iterators that
// fetch the next page when it is needed. A revision is a branch, a tag, a commit or "refs/pr/N"; empty means main.
//
// # Failures
//
// What the Hub refuses is an [*Error] with its status, code, words and request id; [IsNotFound], [IsConflict],
// [IsForbidden] and the like tell the kinds apart. Calls that read, and writes of which a second one does nothing, are
// repeated when the network or the Hub fails for a moment: five times, after 1, 2, 4, 8 and 8 seconds, or when the Hub
// says. Other writes are repeated only when it is certain that the Hub did nothing; when it may have done them, the error
// is an [*AmbiguousError], and whoever tries again should look first.
//
// # Rate limits
//
// The Hub counts the calls of a token and says how many are left. The calls of a client, or of all clients with one
// [Allowance], wait for the next window together instead of running into refusals. A call whose context would end before
// that fails at once.
//
// # Uploads
//
// [Client.Commit] asks the Hub how it wants each file, streams the large ones to the LFS store, in parts where the store
// wants that, and then makes the commit. Contents are opened when they are sent and never held in memory;
// [Client.WithUploadFolder] lets a large upload survive the process.
//
// # Sources
//
// What is said of the Hub here is taken from its OpenAPI document (https://huggingface.co/.well-known/openapi.json), its
// documentation (https://huggingface.co/docs/hub) and what its own clients do (huggingface_hub, @huggingface/hub). Each
// method names the route that it calls. The package compiles against the standard library alone.
//
// # Secrets
//
// A [Secret] prints as "[redacted]" in whatever way it is printed, encoded or logged. The token is sent to the endpoint
// and nowhere else: redirects to other hosts lose it, and lists that go on elsewhere end with an error.
package hub
