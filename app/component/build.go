package component

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/snippet"
	"cloakroom/app/text"
)

// BuildHeading says what the screen is for.
func BuildHeading() goapp.UI {
	return goapp.Div().Class("build-head").Body(
		goapp.H1().Class("display", "display-small").Text(text.Say.BuildHeading),
		goapp.P().Class("lede").Text(text.Say.BuildLede),
	)
}

// ClientCode is the code that calls the API, in both languages.
func ClientCode(copier Copier) goapp.UI {
	return goapp.Section().Class("block").Aria("labelledby", "code-heading").Body(
		goapp.H2().ID("code-heading").Text(text.Say.CodeHeading),
		goapp.Div().Class("sides").Body(
			sample(text.Say.JSCodeTitle, text.Say.JSCodeDetail, snippet.Fetch, copier),
			sample(text.Say.GoCodeTitle, text.Say.GoCodeDetail, snippet.Client, copier),
		),
	)
}

func sample(title, detail, code string, copier Copier) goapp.UI {
	return goapp.Div().Class("sample").Body(
		goapp.H3().Text(title),
		when(detail != "", func() goapp.UI { return goapp.P().Class("quiet").Text(detail) }),
		Code(title, code, copier),
	)
}

// Answers says what the three statuses mean that a client has to tell apart, and what the page weighs.
func Answers(files []backend.File) goapp.UI {
	return goapp.Div().Class("sides").Body(
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.Say.StatusHeading),
			goapp.Dl().Class("facts", "facts-code").Body(
				status("401", text.Say.Status401),
				status("403", text.Say.Status403),
				status("503", text.Say.Status503),
			),
		),
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.Say.SizeHeading),
			goapp.P().Class("quiet").Text(text.Say.SizeLede),
			sizes(files),
		),
	)
}

func status(code, meaning string) goapp.UI {
	return goapp.Div().Class("fact").Body(
		goapp.Dt().Body(goapp.Code().Text(code)),
		goapp.Dd().Text(meaning),
	)
}

func sizes(files []backend.File) goapp.UI {
	if len(files) == 0 {
		return goapp.P().Class("notes-empty").Text(text.Say.SizeUnknown)
	}
	rows := make([]goapp.UI, 0, len(files))
	for _, file := range files {
		rows = append(rows, sizeRow(file.Name, file))
	}
	return goapp.Table().Class("sizes").Body(
		goapp.THead().Body(goapp.Tr().Body(
			column(text.Say.SizeFile), column(text.Say.SizeRaw), column(text.Say.SizeGzip), column(text.Say.SizeBrotli),
		)),
		goapp.TBody().Body(rows...),
		goapp.TFoot().Body(sizeRow(text.Say.SizeSum, backend.Sum(files))),
	)
}

func column(name string) goapp.UI { return goapp.Th().Scope("col").Text(name) }

func sizeRow(name string, file backend.File) goapp.UI {
	return goapp.Tr().Body(
		goapp.Th().Scope("row").Text(name),
		goapp.Td().Text(kilobytes(file.Size)),
		goapp.Td().Text(kilobytes(file.Gzip)),
		goapp.Td().Text(kilobytes(file.Brotli)),
	)
}

// kilobytes are thousands of bytes, with one decimal where that says something.
func kilobytes(n int) string {
	switch {
	case n == 0:
		return text.Say.SizeSame
	case n < 10_000:
		return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + text.Say.SizeUnit
	default:
		return strconv.Itoa((n+500)/1000) + text.Say.SizeUnit
	}
}

// Configurations are those that the BFF needs for the providers that people ask for.
func Configurations(copier Copier) goapp.UI {
	return goapp.Section().Class("block").Aria("labelledby", "config-heading").Body(
		goapp.H2().ID("config-heading").Text(text.Say.ConfigHeading),
		goapp.P().Class("lede").Text(text.Say.ConfigLede),
		goapp.Div().Class("sides").Body(
			sample(text.Say.SnippetSecureAuth, "", snippet.SecureAuth, copier),
			sample(text.Say.SnippetKeycloak, "", snippet.Keycloak, copier),
			sample(text.Say.SnippetAuth0, "", snippet.Auth0, copier),
			sample(text.Say.SnippetEntra, "", snippet.Entra, copier),
		),
		goapp.P().Class("quiet", "block-foot").Text(text.Say.ConfigCheck),
	)
}

// ForDevelopers is the front page's word to those who build, and to those who show it.
func ForDevelopers(files []backend.File, copier Copier) goapp.UI {
	return goapp.Div().Class("below").Body(
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.Say.HomeBuildHeading),
			goapp.P().Class("quiet").Text(text.Say.HomeBuildDetail),
			Code(text.Say.HomeBuildHeading, snippet.Call, copier),
			when(len(files) > 0, func() goapp.UI {
				return goapp.P().Class("quiet", "weight").Text(text.Say.HomeSizeBefore + kilobytes(backend.Sum(files).Brotli) + text.Say.HomeSizeAfter)
			}),
			goapp.P().Class("more").Body(
				goapp.A().Href(PathBuild).DataSet(RouteLink, "screen").Text(text.Say.HomeBuildLink),
			),
		),
		goapp.Section().Class("card").Body(
			goapp.H2().Text(text.Say.HomeShowHeading),
			goapp.P().Class("quiet").Text(text.Say.HomeShowDetail),
			goapp.Ul().Class("ledger").Body(
				ledger("side-browser", text.Say.BrowserKnows, text.Say.LedgerBrowser),
				ledger("side-server", text.Say.ServerKnows, text.Say.LedgerServer),
			),
			goapp.P().Class("more").Body(
				goapp.A().Href(PathSession).DataSet(RouteLink, "screen").Text(text.Say.HomeShowLink),
			),
		),
	)
}

func ledger(class, title, detail string) goapp.UI {
	return goapp.Li().Class("ledger-row", class).Body(
		goapp.Elem("strong").Text(title),
		goapp.Span().Text(detail),
	)
}
