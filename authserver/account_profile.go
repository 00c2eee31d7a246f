package authserver

import (
	"context"
	"slices"
	"strings"
	"time"

	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

// profileClaims are the standard claims (OpenID Connect Core §5.1) that people are shown about themselves, in this order.
var profileClaims = []string{
	"name", "nickname", "email", "phone_number", "address", "birthdate", "gender", "website", "profile", "zoneinfo", "locale",
}

// profileSection shows what is kept of the user. Who may change it is the workspace's administration.
func (s *Server) profileSection(_ context.Context, _ *issuer, user *signedIn) (ui.AccountSection, error) {
	shown := ui.AccountProfile{Facts: []ui.Fact{{Name: text.Of("account.profile.username"), Value: text.Verbatim(user.account.Username)}}}
	for _, claim := range profileClaims {
		value := claimInWords(user.account.Claims[claim])
		if value == "" {
			continue
		}
		fact := ui.Fact{Name: text.Of("account.profile.claim." + claim), Value: text.Verbatim(value)}
		if verified, ok := user.account.Claims[claim+"_verified"].(bool); ok && !verified {
			fact.Note = text.Of("account.profile.unverified")
		}
		shown.Facts = append(shown.Facts, fact)
	}
	shown.Facts = append(shown.Facts,
		ui.Fact{Name: text.Of("account.profile.created"), Value: day(user.account.Created)},
		ui.Fact{Name: text.Of("account.profile.authenticated"), Value: since(s.now(), user.session.AuthTime)},
	)
	return shown, nil
}

// claimInWords is a claim's value for people; an address is its parts in the order of an envelope.
func claimInWords(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case map[string]any:
		if formatted, ok := value["formatted"].(string); ok {
			return formatted
		}
		var parts []string
		for _, name := range []string{"street_address", "postal_code", "locality", "region", "country"} {
			if part, ok := value[name].(string); ok && part != "" {
				parts = append(parts, part)
			}
		}
		return strings.Join(slices.Compact(parts), ", ")
	default:
		return ""
	}
}

// day is a date in words. It is that of UTC: where the user is, nobody has said.
func day(t time.Time) text.Message {
	t = t.UTC()
	month := text.Of("date.month." + strings.ToLower(t.Month().String()))
	return text.Of("date.day", "day", t.Format("2"), "month", month, "year", t.Format("2006"))
}

// since is how long ago something was, in words: it is the same wherever the user is.
func since(now, t time.Time) text.Message {
	switch ago := now.Sub(t); {
	case ago < time.Minute:
		return text.Of("date.now")
	case ago < time.Hour:
		return text.Many("date.minutes", int(ago.Minutes()))
	case ago < 48*time.Hour:
		return text.Many("date.hours", int(ago.Hours()))
	default:
		return text.Many("date.days", int(ago.Hours()/24))
	}
}
