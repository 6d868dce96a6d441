package actions

// Catalogue is the list of actions as `hfbot actions --format json` prints it.
type Catalogue struct {
	Actions []CatalogueAction `json:"actions"`
}

// CatalogueAction is one action in the catalogue.
type CatalogueAction struct {
	ID          string            `json:"id"`
	Summary     string            `json:"summary"`
	Description string            `json:"description,omitempty"`
	Effect      Effect            `json:"effect"`
	Access      Access            `json:"access,omitempty"`
	Idempotent  bool              `json:"idempotent"`
	Inputs      []Field           `json:"inputs"`
	Outputs     []CatalogueOutput `json:"outputs"`
	Secrets     []SecretSpec      `json:"secrets,omitempty"`
	Example     string            `json:"example,omitempty"`
}

// CatalogueOutput is one output in the catalogue.
type CatalogueOutput struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Elem string `json:"elem,omitempty"`
	Doc  string `json:"doc"`
}

// Catalogue describes all actions, by id.
func (r *Registry) Catalogue() Catalogue {
	c := Catalogue{Actions: []CatalogueAction{}}
	for _, e := range r.All() {
		c.Actions = append(c.Actions, e.Catalogue())
	}
	return c
}

// Catalogue describes the action.
func (e *Entry) Catalogue() CatalogueAction {
	outputs := make([]CatalogueOutput, len(e.Outputs))
	for i, f := range e.Outputs {
		outputs[i] = CatalogueOutput{Name: f.Name, Type: f.Type, Elem: f.Elem, Doc: f.Doc}
	}
	return CatalogueAction{
		ID:          e.Spec.ID,
		Summary:     e.Spec.Summary,
		Description: e.Spec.Description,
		Effect:      e.Spec.Effect,
		Access:      e.Spec.Access,
		Idempotent:  e.Spec.Idempotent,
		Inputs:      e.Inputs,
		Outputs:     outputs,
		Secrets:     e.Spec.Secrets,
		Example:     e.Spec.Example,
	}
}
