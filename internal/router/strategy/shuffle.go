package strategy

import "github.com/flowgate-go/flowgate/internal/router/deployment"

// pickWeighted picks a deployment by LiteLLM's simple-shuffle: by weight if any has
// one, else by rpm, else by tpm, where an absent number counts 0; with equal chances
// if none has any. random returns numbers from 0 up to 1. It returns nil for an empty list.
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
