package emulator

import "github.com/hfbot/hfbot/hub"

// startWebhookJob starts the Job of a webhook that has one instead of a URL, with the delivery in its environment
// (https://huggingface.co/docs/hub/jobs-webhooks).
func (s *Server) startWebhookJob(d *delivery, p *hub.Payload) bool {
	w := d.hook
	w.mu.Lock()
	spec, secret := w.settings.job, w.settings.secret
	w.mu.Unlock()
	if spec == nil {
		return false
	}
	env := map[string]string{
		"WEBHOOK_PAYLOAD": string(d.body), "WEBHOOK_REPO_ID": p.Repo.Name, "WEBHOOK_REPO_TYPE": string(p.Repo.Type),
		"WEBHOOK_ID": d.id,
	}
	if secret != "" {
		env["WEBHOOK_SECRET"] = secret.Reveal()
	}
	s.startJob(w.owner, w.owner, *spec, map[string]any{"type": "webhook", "id": w.id}, env)
	return true
}

// specOf is what an earlier Job of an account did; nil when it has none of that id.
func (j *jobs) specOf(owner *account, id string) *jobSpec {
	for _, each := range j.of(owner) {
		if each.id == id {
			spec := each.asked()
			return &spec
		}
	}
	return nil
}

// inWebhook is the spec as a webhook shows it; nil for none.
func (s *jobSpec) inWebhook() map[string]any {
	if s == nil {
		return nil
	}
	view := s.view()
	view["timeoutSeconds"] = s.Timeout
	for _, name := range []string{"timeout", "arch", "volumes", "expose"} {
		delete(view, name)
	}
	if len(s.Command) == 0 {
		delete(view, "command")
	}
	return view
}
