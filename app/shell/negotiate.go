//go:build !js

package shell

import (
	"strconv"
	"strings"
)

// negotiate chooses a content coding from the values of Accept-Encoding (RFC 9110 §12.5.3): the one that the client
// weights most, and the smaller one of equals. The plain form serves clients that accept nothing else.
func (r *resource) negotiate(accept []string) string {
	weights := parseAcceptEncoding(strings.Join(accept, ","))
	best, bestWeight := "", 0.0
	for _, encoding := range []string{"br", "gzip"} {
		if _, ok := r.variants[encoding]; !ok {
			continue
		}
		weight, named := weights[encoding]
		if !named {
			weight = weights["*"]
		}
		if weight > bestWeight {
			best, bestWeight = encoding, weight
		}
	}
	// A client may weight "identity" above every coding.
	if weights["identity"] > bestWeight {
		return ""
	}
	return best
}

// parseAcceptEncoding returns the weight of each coding that is named. A weight that makes no sense counts as zero: the
// plain form is always right.
func parseAcceptEncoding(value string) map[string]float64 {
	weights := map[string]float64{}
	for element := range strings.SplitSeq(value, ",") {
		coding, parameters, _ := strings.Cut(element, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		if coding == "" {
			continue
		}
		weights[coding] = weight(parameters)
	}
	return weights
}

func weight(parameters string) float64 {
	name, value, found := strings.Cut(strings.TrimSpace(parameters), "=")
	if !found {
		return 1
	}
	parsed, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !strings.EqualFold(strings.TrimSpace(name), "q") || !(parsed >= 0 && parsed <= 1) {
		return 0
	}
	return parsed
}
