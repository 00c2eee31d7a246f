package page

import "cloakroom/app/state"

// densityKey is where the preset is remembered, for all screens.
const densityKey = "cloakroom-density"

func (v *visit) remember(density state.Density) { v.Browser.Remember(densityKey, string(density)) }

func (v *visit) remembered() state.Density { return state.ReadDensity(v.Browser.Recall(densityKey)) }
