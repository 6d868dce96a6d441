// Package hub speaks the HTTP API of the Hugging Face Hub: a typed client, the payloads of its webhooks, and
// the errors it answers with. It stands alone: it needs neither a logger nor a web framework, and works against
// huggingface.co as well as against the local Hub of hub/emulator.
package hub
