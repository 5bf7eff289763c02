package strategy

import "github.com/flowgate-go/flowgate/internal/router/deployment"

// pickWeighted picks a deployment at random as LiteLLM's simple-shuffle does: in proportion
// to weight if any deployment has one above 0, else to rpm, else to tpm, and a missing number
// counts as 0. If there are no such numbers, all have equal chances. random returns numbers
// from 0 up to, but not including, 1. It returns nil for an empty list.
func pickWeighted(list []*deployment.Deployment, random func() float64) *deployment.Deployment {
	if len(list) <= 1 {
		if len(list) == 0 {
			return nil
		}
		return list[0]
	}
	for _, weightOf := range []func(*deployment.Deployment) *float64{
		func(d *deployment.Deployment) *float64 { return d.Weight },
		func(d *deployment.Deployment) *float64 { return d.RPM },
		func(d *deployment.Deployment) *float64 { return d.TPM },
	} {
		total := 0.0
		for _, d := range list {
			if weight := weightOf(d); weight != nil {
				total += *weight
			}
		}
		if total == 0 {
			continue
		}
		at := random() * total
		for _, d := range list {
			if weight := weightOf(d); weight != nil && *weight > 0 {
				if at -= *weight; at < 0 {
					return d
				}
			}
		}
	}
	return list[min(int(random()*float64(len(list))), len(list)-1)]
}
